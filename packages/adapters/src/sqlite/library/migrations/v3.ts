/** What is known of the source of an import: null in those that are there, which therefore are never taken for unchanged. */
const sources = `
-- What told, before it was read, whether the source would change; null where nothing did, or it has changed since.
ALTER TABLE import_rows ADD COLUMN stamp TEXT;
-- Names of the parts of the source that were there and read, as a JSON list.
ALTER TABLE import_rows ADD COLUMN parts TEXT;
ALTER TABLE import_rows ADD COLUMN taken_at INTEGER;
CREATE INDEX import_rows_stamp ON import_rows (stamp) WHERE stamp IS NOT NULL;
`

/** Whose the imports of a run are that was started under an id which its owner no longer has. */
const owners = `
CREATE TABLE owner_runs (
  run TEXT PRIMARY KEY,
  started_as TEXT NOT NULL,
  owner TEXT NOT NULL
) WITHOUT ROWID;
`

/**
 * Rows that an import no longer found in its source, and those that it found again. The word of the last published import counts.
 * Rows themselves are never changed: that they are gone from the phone is a fact of the import that noticed it.
 */
const deletions = `
CREATE TABLE source_deletions (
  import INTEGER NOT NULL,
  type TEXT NOT NULL,
  row INTEGER NOT NULL,
  key TEXT NOT NULL,
  is_gone INTEGER NOT NULL,
  PRIMARY KEY (import, type, row)
) WITHOUT ROWID;
CREATE INDEX source_deletions_key ON source_deletions (type, key);
CREATE INDEX source_deletions_row ON source_deletions (row, type);

CREATE VIEW deleted_in_source AS
SELECT d.type, d.key, i.udid AS device, i.id AS import, i.published_at AS noticed_at,
  (SELECT o.owner FROM owner_rows AS o WHERE o.n = i.owner) AS owner
FROM source_deletions AS d JOIN import_rows AS i ON i.n = d.import
WHERE d.is_gone = 1 AND i.publication IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM source_deletions AS later JOIN import_rows AS l ON l.n = later.import
  WHERE later.row = d.row AND later.type = d.type AND l.publication > i.publication);
`

/**
 * Files that are hard links to those of a backup which will go: whose import made them, and when the file was last changed by the
 * clock of the file system (microseconds since 1970). Empty as soon as the backups of all imports are gone.
 */
const fileLinks = `
CREATE TABLE file_links (sha256 TEXT PRIMARY KEY, import INTEGER NOT NULL, changed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX file_links_import ON file_links (import);
`

/** Version 3: what tells an unchanged source, owners whose id changes, what a source no longer holds, and links to a backup's files. */
export const v3 = sources + owners + deletions + fileLinks
