import { HoldfastError } from '@holdfast/core'
import { inTransaction, type SqliteDatabase } from '../driver.js'
import { v1 } from './migrations/v1.js'
import { v2 } from './migrations/v2.js'
import { v3 } from './migrations/v3.js'
import { v4 } from './migrations/v4.js'

/**
 * Tables of the journal: `holdfast_runs`, `holdfast_entries`, `holdfast_live`, `holdfast_snapshots`, `holdfast_resources`,
 * `holdfast_holders`, and the version of all of them in `holdfast_journal`. A migration that was released is never edited.
 */
const migrations: readonly string[] = [v1, v2, v3, v4]

/**
 * Looks whether the journal in a database can be used; reads only.
 *
 * @throws HoldfastError `JOURNAL_NEWER`, and without `migrate` `JOURNAL_OLDER`.
 */
export function checkJournal(db: SqliteDatabase, { migrate }: { readonly migrate: boolean }): void {
  const version = readVersion(db)
  if (version === null || version === migrations.length || migrate) return
  throw new HoldfastError(
    'JOURNAL_OLDER',
    `The journal has version ${version}; this Holdfast writes version ${migrations.length}`,
    {
      hint: 'Open it once with `migrate: true`, which older versions of the app then refuse. Nothing was changed.',
      retryable: false,
      facts: { version },
    },
  )
}

/**
 * Brings the journal's tables to the present version, in one transaction.
 *
 * @throws HoldfastError `JOURNAL_NEWER`; then nothing was touched.
 */
export function migrateJournal(db: SqliteDatabase): void {
  if (readVersion(db) === migrations.length) return
  inTransaction(db, () => {
    // Read again under the write lock: another process may be migrating at the same moment.
    const version = readVersion(db)
    if (version === null) db.exec('CREATE TABLE holdfast_journal (version INTEGER NOT NULL) STRICT')
    for (const migration of migrations.slice(version ?? 0)) db.exec(migration)
    db.exec('DELETE FROM holdfast_journal')
    db.prepare('INSERT INTO holdfast_journal (version) VALUES (?)').run(migrations.length)
  })
}

function readVersion(db: SqliteDatabase): number | null {
  const table = db
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'holdfast_journal'")
    .get()
  if (table === undefined) return null
  const row = db.prepare('SELECT version FROM holdfast_journal').get()
  const version = typeof row === 'object' && row !== null && 'version' in row ? Number(row.version) : 0
  if (version > migrations.length) {
    throw new HoldfastError(
      'JOURNAL_NEWER',
      `The journal has version ${version}; this Holdfast knows version ${migrations.length}`,
      { hint: 'Update the app. Nothing was changed.', retryable: false, facts: { version } },
    )
  }
  return version
}
