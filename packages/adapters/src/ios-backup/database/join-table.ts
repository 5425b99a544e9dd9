import type { BackupDatabase } from './backup-database.js'

/** A table of pairs of row ids, ready to be asked by one of its columns. The fields are SQL. */
export interface JoinTable {
  readonly from: string
  /** Column to ask by. */
  readonly by: string
  readonly other: string
}

/**
 * Opens a table of pairs for questions by one of its columns; null when the table or a column is absent. The phone has an index for
 * each such question and keeps pairs unique. Where a database has not, the pairs are brought into a temporary table in memory (some
 * 20 bytes each): a scan of the whole table for every batch would take hours.
 */
export function openJoinTable(
  database: BackupDatabase,
  table: string,
  by: string,
  other: string,
): JoinTable | null {
  const columns = database.columns(table)
  if (columns === null || !columns.has(by) || !columns.has(other)) return null
  if (database.hasIndex(table, by) && database.isUnique(table, [by, other])) return { from: table, by, other }
  const name = `${table}_by_${by}`
  database.guard(() => {
    database
      .prepare(
        `CREATE TEMP TABLE IF NOT EXISTS ${name} (one INTEGER, two INTEGER, PRIMARY KEY (one, two)) WITHOUT ROWID`,
      )
      .run()
    database
      .prepare(
        `INSERT OR IGNORE INTO temp.${name} SELECT ${by}, ${other} FROM main.${table}
          WHERE ${by} IS NOT NULL AND ${other} IS NOT NULL`,
      )
      .run()
  })
  return { from: `temp.${name}`, by: 'one', other: 'two' }
}
