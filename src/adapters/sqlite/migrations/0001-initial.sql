-- The embedded store. What follows from other rows (lanes, counters, facets) is kept in step by the same transaction
-- and can be recounted: see audit.ts.

-- One row: the counters that only ever grow.
CREATE TABLE state (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  accepted     INTEGER NOT NULL,
  purged       INTEGER NOT NULL,
  token        INTEGER NOT NULL,
  clock_high   INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (1, 0, 0, 0, 0);

CREATE TABLE type (
  type_id INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE
) STRICT;

-- What changes. Status: 0 pending, 1 processing, 2 success, 3 failed, 4 canceled, 5 timeout.
-- Pending with a lane is ready, without one it is delayed. Lease: 0 none, 1 held, 2 over and not yet settled.
-- Stage is what lists are ordered by: 0 for all that is not final, else the status. A claim so leaves those indexes alone,
-- and what runs, which is never much, is told apart by its lease.
CREATE TABLE task (
  seq              INTEGER PRIMARY KEY,
  id               TEXT NOT NULL UNIQUE,
  type_id          INTEGER NOT NULL,
  status           INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
  stage            INTEGER NOT NULL CHECK (stage = CASE WHEN status < 2 THEN 0 ELSE status END),
  score            INTEGER NOT NULL,
  lane_id          INTEGER CHECK (lane_id IS NULL OR status = 0),
  due_at           INTEGER NOT NULL,
  queue_deadline   INTEGER,
  version          INTEGER NOT NULL CHECK (version >= 1),
  retry            INTEGER NOT NULL CHECK (retry >= 0),
  recoveries       INTEGER NOT NULL CHECK (recoveries >= 0),
  attempt          INTEGER NOT NULL CHECK (attempt >= 0),
  cancel_requested INTEGER NOT NULL CHECK (cancel_requested = 0 OR status = 1),
  lease            INTEGER NOT NULL CHECK ((lease > 0) = (status = 1)),
  token            INTEGER NOT NULL,
  settled_token    INTEGER NOT NULL,
  lease_ends       INTEGER,
  process_deadline INTEGER,
  worker_id        TEXT,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  started_at       INTEGER,
  completed_at     INTEGER CHECK ((completed_at IS NOT NULL) = (status >= 2)),
  limits           TEXT,
  key_id           INTEGER,
  facets           TEXT,
  error            TEXT,
  error_code       TEXT,
  progress         TEXT,
  result           TEXT
) STRICT;
CREATE INDEX task_by_type ON task (type_id, stage, seq);
CREATE INDEX task_by_key ON task (key_id, type_id, stage, seq) WHERE key_id IS NOT NULL;
CREATE INDEX task_ready ON task (lane_id, score) WHERE lane_id IS NOT NULL;
CREATE INDEX task_waiting_since ON task (type_id, due_at) WHERE lane_id IS NOT NULL;
CREATE INDEX task_delayed ON task (due_at) WHERE status = 0 AND lane_id IS NULL;
CREATE INDEX task_queue_deadline ON task (queue_deadline) WHERE status = 0 AND queue_deadline IS NOT NULL;
CREATE INDEX task_lease_held ON task (lease_ends) WHERE lease = 1;
CREATE INDEX task_lease_over ON task (lease_ends) WHERE lease = 2;
CREATE INDEX task_final ON task (completed_at) WHERE status >= 2;

-- What the client asked for; written once. Apart from `task` so that a change of state does not rewrite a large payload.
CREATE TABLE spec (
  seq                INTEGER PRIMARY KEY,
  payload            TEXT NOT NULL,
  priority           INTEGER NOT NULL,
  max_retry          INTEGER NOT NULL,
  retry_strategy     TEXT,
  queue_timeout_ms   INTEGER NOT NULL,
  process_timeout_ms INTEGER NOT NULL,
  concurrency_key    TEXT,
  max_concurrency    INTEGER,
  tags               TEXT
) STRICT;

-- Attempts that ended, except a successful one: that is told by the task itself.
CREATE TABLE attempt (
  seq        INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  worker_id  TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  outcome    TEXT NOT NULL,
  error      TEXT,
  error_code TEXT,
  PRIMARY KEY (seq, attempt)
) STRICT, WITHOUT ROWID;

-- Ready tasks of one type that face the same limits. Gone when empty. `head` is the best score in it.
CREATE TABLE lane (
  lane_id    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  type_id    INTEGER NOT NULL,
  limits     TEXT,
  head       INTEGER NOT NULL,
  ready      INTEGER NOT NULL CHECK (ready >= 0),
  parked_on  TEXT,
  parked_max INTEGER
) STRICT;
CREATE INDEX lane_ready ON lane (type_id, head) WHERE parked_on IS NULL;
CREATE INDEX lane_parked ON lane (parked_on, type_id, parked_max, head) WHERE parked_on IS NOT NULL;

-- Which lanes name a key.
CREATE TABLE lane_key (
  key     TEXT NOT NULL,
  lane_id INTEGER NOT NULL,
  max     INTEGER NOT NULL,
  PRIMARY KEY (key, lane_id)
) STRICT, WITHOUT ROWID;

-- A slot is part of a lease, and so of the task's row. Only a slot that outlives its lease has a row: when a forced
-- settlement left the handler running, until `drain_until`. `max` is null for the type's own key if the task did not name it.
CREATE TABLE draining_slot (
  key         TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  token       INTEGER NOT NULL,
  max         INTEGER,
  worker_id   TEXT NOT NULL,
  drain_until INTEGER NOT NULL,
  PRIMARY KEY (key, seq, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX draining_slot_end ON draining_slot (drain_until);

CREATE TABLE operator_limit (
  key TEXT PRIMARY KEY,
  max INTEGER NOT NULL CHECK (max >= 0)
) STRICT, WITHOUT ROWID;

-- A facet is a tag or a concurrency key under which tasks can be listed. Facet 0 is "all".
CREATE TABLE facet (
  facet_id INTEGER PRIMARY KEY,
  kind     TEXT NOT NULL CHECK (kind IN ('tag', 'key')),
  name     TEXT NOT NULL,
  UNIQUE (kind, name)
) STRICT;
CREATE TABLE facet_task (
  facet_id INTEGER NOT NULL,
  type_id  INTEGER NOT NULL,
  stage    INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  PRIMARY KEY (facet_id, type_id, stage, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE counter (
  facet_id INTEGER NOT NULL,
  type_id  INTEGER NOT NULL,
  status   INTEGER NOT NULL,
  n        INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (facet_id, type_id, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE minute (
  at   INTEGER NOT NULL,
  name TEXT NOT NULL,
  n    INTEGER NOT NULL,
  PRIMARY KEY (at, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  key         TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE node (
  id                TEXT PRIMARY KEY,
  report            TEXT NOT NULL,
  last_heartbeat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
  key        TEXT NOT NULL,
  owner      TEXT NOT NULL,
  fence      INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (key, owner)
) STRICT, WITHOUT ROWID;

-- One row per transaction, with all its events.
CREATE TABLE outbox (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  events   TEXT NOT NULL
) STRICT;
