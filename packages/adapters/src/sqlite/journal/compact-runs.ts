import type { CompactionRule } from '@holdfast/core'
import type { SqliteDatabase } from '../driver.js'
import { mostEntries, placeOf } from './entry-place.js'
import { isEnd, type RunRow, selectRunRow } from './run-row.js'

/** Runs that are looked at in one go: few enough that nothing else waits long. */
const slice = 250

/** What a part of a compaction did. */
export interface CompactedPart {
  /** Runs that were deleted. */
  readonly forgotten: number
  /** Whether there is nothing left to look at. */
  readonly atEnd: boolean
}

/**
 * Deletes finished runs by a rule, with all that is kept of them; each call goes on where the one before stopped, until it says that it is at the
 * end. It looks from the newest run to the oldest and remembers the keys that were done: so whether a run is the last of its key takes no index,
 * which would cost every beginning of a run a page. Belongs into a transaction, each part into one of its own.
 */
export function runCompactor(db: SqliteDatabase): (rule: CompactionRule) => CompactedPart {
  const selectSlice = db.prepare(`${selectRunRow} WHERE run.n < ? ORDER BY run.n DESC LIMIT ?`)
  const deleteEntries = db.prepare('DELETE FROM holdfast_entries WHERE place BETWEEN ? AND ?')
  const deletions = [
    'DELETE FROM holdfast_snapshots WHERE run = ?',
    'DELETE FROM holdfast_runs WHERE n = ?',
  ].map((sql) => db.prepare(sql))
  const forget = (n: number): void => {
    deleteEntries.run(placeOf(n, 0), placeOf(n, mostEntries))
    for (const deletion of deletions) deletion.run(n)
  }

  const fromTheNewest = (finishedBefore: number) => ({
    finishedBefore,
    /** Keys of runs that were done, of those that were looked at. A compaction never takes the last of them away. */
    done: new Set<string>(),
    before: Number.MAX_SAFE_INTEGER,
  })
  let pass = fromTheNewest(0)

  return ({ finishedBefore, limit }) => {
    if (pass.finishedBefore !== finishedBefore) pass = fromTheNewest(finishedBefore)
    const rows = selectSlice.all(pass.before, slice) as RunRow[]
    let forgotten = 0
    for (const row of rows) {
      if (forgotten === limit) return { forgotten, atEnd: false }
      const status = row.last_status ?? row.status
      // Whatever has a row of its own there is at work, rests for a while, or owes a hook.
      const isOver = isEnd(status) && row.ended === null && (row.last_at ?? row.at) < finishedBefore
      if (isOver && (status === 'discarded' || pass.done.has(row.key))) {
        forget(row.n)
        forgotten += 1
      } else if (status === 'done') pass.done.add(row.key)
      pass.before = row.n
    }
    const atEnd = rows.length < slice
    if (atEnd) pass = fromTheNewest(0)
    return { forgotten, atEnd }
  }
}
