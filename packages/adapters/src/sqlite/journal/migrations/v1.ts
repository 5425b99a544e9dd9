/** Version 1 of the journal's tables. A migration that was released is never edited. */
export const v1 = `
CREATE TABLE holdfast_runs (
  id         TEXT PRIMARY KEY,
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
  holder     TEXT,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX holdfast_runs_key ON holdfast_runs (key) WHERE status NOT IN ('done', 'discarded');
CREATE INDEX holdfast_runs_unattended ON holdfast_runs (started_at) WHERE open = 1 OR wake_at IS NOT NULL;
CREATE INDEX holdfast_runs_held ON holdfast_runs (holder) WHERE holder IS NOT NULL;

CREATE TABLE holdfast_entries (
  run  TEXT NOT NULL,
  seq  INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- What runs have for themselves while their lease lasts.
CREATE TABLE holdfast_resources (
  name TEXT PRIMARY KEY,
  run  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX holdfast_resources_run ON holdfast_resources (run);
`
