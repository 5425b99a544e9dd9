import { type SqliteDatabase, sqliteJournal } from '@holdfast/adapters/sqlite'

/** What a saga of four steps writes, without an engine. */
export interface ByHand {
  /** Sagas a second, one after the other. */
  measure(sagas: number): number
}

/**
 * The least that a saga can cost with these tables: the rows that the engine writes for one, in as many transactions, by statements
 * that are prepared once; nothing is decided, and nobody is told. The tables are the journal's own.
 */
export function byHand(db: SqliteDatabase): ByHand {
  sqliteJournal(db)
  const insertRun = db.prepare(
    `INSERT INTO holdfast_runs (id, saga, version, key, owner, resources, started_at, updated_at, status, step, open, entries,
       entry_version, generation, holder, expires_at)
     VALUES (?, 'four-steps', 1, ?, '', '[]', ?, ?, 'working', 'extract', 1, 1, 1, 1, 1, ?)`,
  )
  const insertEntry = db.prepare('INSERT INTO holdfast_entries (place, at, step, body) VALUES (?, ?, ?, ?)')
  const advance = db.prepare(
    `INSERT INTO holdfast_entries (place, at, step, body) SELECT ?, ?, ?, ? FROM holdfast_runs
     WHERE n = ? AND generation = 1 AND holder = 1`,
  )
  const end = db.prepare(
    "UPDATE holdfast_runs SET status = 'done', step = 'cleanup', open = 0, entries = 5, updated_at = ?, holder = NULL WHERE n = ?",
  )
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const succeeded = (step: string): string => `{"type":"step.succeeded","step":"${step}","output":"ok"}`
  const steps = ['store', 'verify', 'cleanup'] as const

  let begun = 0
  const saga = (): void => {
    const now = Date.now()
    // As long as a UUID, and like the engine's each behind the one before.
    const id = String(begun++).padStart(36, '0')
    begin.run()
    const run = Number(insertRun.run(id, `four-steps::${id}`, now, now, now + 30_000).lastInsertRowid)
    const place = run * 2 ** 24
    insertEntry.run(place + 1, now, 'extract', '{"type":"run.started","input":null}')
    commit.run()
    for (const [index, step] of steps.entries())
      advance.run(place + index + 2, now, step, succeeded(step), run)
    begin.run()
    end.run(now, run)
    insertEntry.run(place + 5, now, 'cleanup', succeeded('cleanup'))
    commit.run()
  }

  return {
    measure: (sagas) => {
      const since = performance.now()
      for (let each = 0; each < sagas; each++) saga()
      return sagas / ((performance.now() - since) / 1000)
    },
  }
}
