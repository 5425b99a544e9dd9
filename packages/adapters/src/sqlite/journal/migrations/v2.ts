/**
 * Version 2 of the journal's tables: runs have numbers in the order in which they began, and entries lie by run number, so that
 * what is written together lies together. Holders of leases are named once instead of in every run. Snapshots shorten the fold.
 */
export const v2 = `
ALTER TABLE holdfast_runs RENAME TO holdfast_runs_v1;
ALTER TABLE holdfast_entries RENAME TO holdfast_entries_v1;
DROP INDEX holdfast_runs_key;
DROP INDEX holdfast_runs_unattended;
DROP INDEX holdfast_runs_held;

-- The processes that have held leases; see process-holder.ts.
CREATE TABLE holdfast_holders (
  n      INTEGER PRIMARY KEY,
  holder TEXT NOT NULL
) STRICT;
INSERT INTO holdfast_holders (holder) SELECT DISTINCT holder FROM holdfast_runs_v1 WHERE holder IS NOT NULL;

CREATE TABLE holdfast_runs (
  n          INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  saga       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  key        TEXT NOT NULL,
  owner      TEXT NOT NULL,
  resources  TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  status     TEXT NOT NULL,
  step       TEXT NOT NULL,
  error      TEXT,
  open       INTEGER NOT NULL,
  wake_at    INTEGER,
  entries    INTEGER NOT NULL,
  entry_version INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  holder     INTEGER,
  expires_at INTEGER NOT NULL
) STRICT;
-- By rowid and not by time: a clock may have been set back between two runs of one key.
INSERT INTO holdfast_runs
  SELECT NULL, r.id, r.saga, r.version, r.key, r.owner, r.resources, r.started_at, r.updated_at, r.status, r.step, r.error, r.open,
    r.wake_at, r.entries, r.entry_version, r.generation, (SELECT h.n FROM holdfast_holders h WHERE h.holder = r.holder), r.expires_at
  FROM holdfast_runs_v1 r ORDER BY r.rowid;

-- Every index costs a page in the commits that touch it. Two runs under way never share a key: the newest run of a key is looked at
-- in the transaction that begins another.
CREATE INDEX holdfast_runs_key ON holdfast_runs (key);
CREATE INDEX holdfast_runs_live ON holdfast_runs (n) WHERE open = 1 OR wake_at IS NOT NULL OR holder IS NOT NULL;

CREATE TABLE holdfast_entries (
  run  INTEGER NOT NULL,
  seq  INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO holdfast_entries
  SELECT r.n, e.seq, e.at, e.body FROM holdfast_entries_v1 e JOIN holdfast_runs r ON r.id = e.run ORDER BY r.n, e.seq;

-- The newest snapshot of a run's state.
CREATE TABLE holdfast_snapshots (
  run   INTEGER PRIMARY KEY,
  seq   INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;

DROP TABLE holdfast_entries_v1;
DROP TABLE holdfast_runs_v1;
`
