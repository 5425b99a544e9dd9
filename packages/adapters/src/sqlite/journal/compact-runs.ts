import type { CompactionRule } from '@holdfast/core'
import type { SqliteDatabase } from '../driver.js'
import { mostEntries, placeOf } from './entry-place.js'

/** Deletes finished runs by a rule, with all that is kept of them, and says how many. Belongs into a transaction. */
export function runCompactor(db: SqliteDatabase): (rule: CompactionRule) => number {
  const selectForgettable = db.prepare(
    `SELECT n FROM holdfast_runs AS run
     WHERE status IN ('done', 'discarded') AND open = 0 AND holder IS NULL AND updated_at < ?
       AND (status = 'discarded' OR n < (SELECT max(n) FROM holdfast_runs WHERE status = 'done' AND key = run.key))
     ORDER BY n LIMIT ?`,
  )
  const deleteEntries = db.prepare('DELETE FROM holdfast_entries WHERE place BETWEEN ? AND ?')
  const deletions = [
    'DELETE FROM holdfast_snapshots WHERE run = ?',
    'DELETE FROM holdfast_runs WHERE n = ?',
  ].map((sql) => db.prepare(sql))
  return ({ finishedBefore, limit }) => {
    const rows = selectForgettable.all(finishedBefore, limit) as { n: number }[]
    for (const { n } of rows) {
      deleteEntries.run(placeOf(n, 0), placeOf(n, mostEntries))
      for (const deletion of deletions) deletion.run(n)
    }
    return rows.length
  }
}
