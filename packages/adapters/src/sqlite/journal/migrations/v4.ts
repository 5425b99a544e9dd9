/**
 * Version 4 of the journal's tables: a commit writes as few pages as it can, because on most disks a page costs a tenth of the flush
 * itself. A run's row has what the run began with, its first entry included, and stays as it is until another holder takes the run; what an
 * entry made of the run stands in that entry; and what is under way, or still owes something, has a row of its own for as long as it does.
 * So to begin a run writes three pages, to go on one, and to end it two.
 */
export const v4 = `
ALTER TABLE holdfast_runs RENAME TO holdfast_runs_v3;
DROP INDEX holdfast_runs_key;
DROP INDEX holdfast_runs_live;

-- What the run became with an entry; null in entries of older versions, but for the last one of a run.
ALTER TABLE holdfast_entries ADD COLUMN status TEXT;
ALTER TABLE holdfast_entries ADD COLUMN error TEXT;
UPDATE holdfast_entries SET (step, status, error) =
    (SELECT coalesce(holdfast_entries.step, r.step), r.status, r.error FROM holdfast_runs_v3 AS r WHERE r.n = holdfast_entries.run)
  WHERE place IN (SELECT max(place) FROM holdfast_entries GROUP BY run);

CREATE TABLE holdfast_runs (
  n          INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  saga       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  key        TEXT NOT NULL,
  owner      TEXT NOT NULL,
  resources  TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  entry_version INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  -- The first entry: it lies here, and not in holdfast_entries. Without a body entries are known to be missing.
  at     INTEGER NOT NULL,
  step   TEXT NOT NULL,
  status TEXT NOT NULL,
  error  TEXT,
  body   TEXT
) STRICT;
INSERT INTO holdfast_runs
  SELECT r.n, r.id, r.saga, r.version, r.key, r.owner, r.resources, r.started_at, r.entry_version, r.generation,
    coalesce(first.at, r.updated_at), coalesce(first.step, r.step), coalesce(first.status, r.status),
    CASE WHEN first.place IS NULL THEN r.error ELSE first.error END,
    CASE WHEN r.entries <= (SELECT count(*) FROM holdfast_entries AS e WHERE e.place BETWEEN r.n << 24 AND r.n << 24 | 0xffffff) THEN first.body END
  FROM holdfast_runs_v3 AS r LEFT JOIN holdfast_entries AS first ON first.place = (r.n << 24 | 1);
DELETE FROM holdfast_entries WHERE seq = 1;

-- The runs that are not at rest for good: under way, leased, or owing something. By key, which no two runs under way share.
CREATE TABLE holdfast_live (
  key        TEXT NOT NULL,
  run        INTEGER NOT NULL,
  -- Whether the run has ended: its key is free, though hooks are owed or a lease lasts.
  ended      INTEGER NOT NULL,
  open       INTEGER NOT NULL,
  wake_at    INTEGER,
  holder     INTEGER,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (key, run)
) STRICT, WITHOUT ROWID;
INSERT INTO holdfast_live
  SELECT key, n, status IN ('done', 'discarded'), open, wake_at, holder, expires_at FROM holdfast_runs_v3
  WHERE status NOT IN ('done', 'discarded') OR open = 1 OR wake_at IS NOT NULL OR holder IS NOT NULL;

DROP TABLE holdfast_runs_v3;
`
