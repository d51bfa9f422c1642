-- What handlers say: the newest lines of each task. `bytes` is what message and fields take.
CREATE TABLE log (
  seq     INTEGER NOT NULL,
  line    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  level   TEXT NOT NULL,
  message TEXT NOT NULL,
  fields  TEXT,
  bytes   INTEGER NOT NULL CHECK (bytes >= 0),
  PRIMARY KEY (seq, line)
) STRICT, WITHOUT ROWID;
