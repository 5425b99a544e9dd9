/**
 * Version 3 of the journal's tables: an entry lies at its `place`, the number of its run and its own in one. It costs a page less
 * now and then, because SQLite adds to the end of a table more cheaply than to the end of an index, and four times as long an entry
 * fits into its page. An entry also says at which step its run stands: a run that goes on as before is written as its entry
 * alone, and its row waits until something changes that a list of runs is asked for.
 */
export const v3 = `
ALTER TABLE holdfast_entries RENAME TO holdfast_entries_v2;
CREATE TABLE holdfast_entries (
  place INTEGER PRIMARY KEY,
  run   INTEGER GENERATED ALWAYS AS (place >> 24) VIRTUAL,
  seq   INTEGER GENERATED ALWAYS AS (place & 0xffffff) VIRTUAL,
  at    INTEGER NOT NULL,
  -- Null in the entries of older versions, where the run's row has it.
  step  TEXT,
  body  TEXT NOT NULL
) STRICT;
INSERT INTO holdfast_entries (place, at, body) SELECT run << 24 | seq, at, body FROM holdfast_entries_v2 ORDER BY run, seq;
DROP TABLE holdfast_entries_v2;
`
