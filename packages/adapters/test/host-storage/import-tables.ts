/** What imports keep beside the app's tables: what is staged, what an import replaced, and which files come and go. */
export const importTables = `
CREATE TABLE import_runs (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users_local (id),
  udid TEXT,
  fingerprint TEXT NOT NULL,
  stamp TEXT,
  is_stale INTEGER NOT NULL DEFAULT 0,
  cursor TEXT NOT NULL DEFAULT 'null',
  batch TEXT,
  items INTEGER NOT NULL DEFAULT 0,
  place INTEGER UNIQUE,
  published_at INTEGER,
  receipt TEXT
);
-- Every version of every record, word for word. run is the import that brought it, or inherited it.
CREATE TABLE import_versions (
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  identity TEXT NOT NULL,
  record TEXT NOT NULL,
  sha256 TEXT,
  seal TEXT NOT NULL
);
CREATE INDEX import_versions_by_identity ON import_versions (owner, identity);
CREATE INDEX import_versions_by_content ON import_versions (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX import_versions_by_run ON import_versions (run);
CREATE TABLE import_items (
  run INTEGER NOT NULL REFERENCES import_runs (n),
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  version INTEGER NOT NULL,
  PRIMARY KEY (run, seq)
);
CREATE INDEX import_items_by_version ON import_items (version);
-- Before-images: what a row of the app said before an import showed its own in it; 'null' where there was no row.
CREATE TABLE import_before (
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  external TEXT NOT NULL,
  said TEXT NOT NULL,
  PRIMARY KEY (owner, type, external)
);
CREATE TABLE import_files (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, is_suspect INTEGER NOT NULL DEFAULT 0);
-- Files that are about to be put in place, and files that are to be removed: what a crash leaves half done is told by these.
CREATE TABLE import_arrivals (run INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (run, sha256));
CREATE TABLE import_departures (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL);
`
