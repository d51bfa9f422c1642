-- Child tasks: who submitted them, and the facet under which their parent lists them. A table's CHECK cannot be changed in
-- place, so the facets move; their numbers stay.
ALTER TABLE spec ADD COLUMN parent_id TEXT;

CREATE TABLE facet_of_any_kind (
  facet_id INTEGER PRIMARY KEY,
  kind     TEXT NOT NULL CHECK (kind IN ('tag', 'key', 'parent')),
  name     TEXT NOT NULL,
  UNIQUE (kind, name)
) STRICT;
INSERT INTO facet_of_any_kind SELECT facet_id, kind, name FROM facet;
DROP TABLE facet;
ALTER TABLE facet_of_any_kind RENAME TO facet;

-- Why the cancel of a running task was asked for. It says something only while `cancel_requested` is set.
ALTER TABLE task ADD COLUMN cancel_reason TEXT;
