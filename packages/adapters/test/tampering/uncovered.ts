/** Columns whose change nothing finds, each with the reason why it need not be found. A column that is neither here nor found fails the tests. */
export const uncoveredColumns: Readonly<Record<string, string>> = {
  'file_rows.suspect':
    'asks for a file to be written again by the next import: whoever sets it costs a copy of it',
  'import_rows.cursor': 'where the staging went on; nothing reads it once the import is published',
  'import_rows.batch': 'as the cursor',
  'import_rows.published_at':
    'the receipt is made before the import is published, so it cannot name that time; when everything was verified stands in it',
  'import_rows.stamp':
    'tells whether a backup is read again when it is imported again; a backup that is to be deleted always is',
  'import_rows.parts': 'tells which imports are compared to note what was deleted on the phone',
  'import_rows.taken_at': 'as the parts',
}

/** Columns that are covered in some rows only: which ones. In the others any number that is not too small will do, and makes what is staged begin anew. */
export const coveredRows: Readonly<Record<string, string>> = { 'library_meta.value': "key = 'version'" }

/** Tables of which a row may go unnoticed. */
export const uncoveredRemovals: Readonly<Record<string, string>> = {
  source_deletions: 'whether an import was asked to note what was deleted on the phone stands nowhere',
}

/** Tables that hold nothing while nothing is under way; what is put there is tried by name. */
export const emptyAtRest = ['file_intents', 'file_links', 'file_removals', 'owner_runs']
