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
    `INSERT INTO holdfast_runs (id, saga, version, key, owner, resources, started_at, entry_version, generation, at, step, status, body)
     VALUES (?, 'four-steps', 1, ?, '', '[]', ?, 1, 1, ?, 'extract', 'working', '{"type":"run.started","input":null}')`,
  )
  const insertLive = db.prepare(
    'INSERT INTO holdfast_live (key, run, ended, open, holder, expires_at) VALUES (?, ?, 0, 1, 1, ?)',
  )
  const advance = db.prepare(
    `INSERT INTO holdfast_entries (place, at, step, status, body) SELECT ?, ?, ?, 'working', ? FROM holdfast_live
     WHERE key = ? AND run = ? AND holder = 1`,
  )
  const insertLast = db.prepare(
    "INSERT INTO holdfast_entries (place, at, step, status, body) VALUES (?, ?, 'cleanup', 'done', ?)",
  )
  const end = db.prepare('DELETE FROM holdfast_live WHERE key = ? AND run = ? AND holder = 1')
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const succeeded = (step: string): string => `{"type":"step.succeeded","step":"${step}","output":"ok"}`
  const steps = ['store', 'verify', 'cleanup'] as const

  let begun = 0
  const saga = (): void => {
    const now = Date.now()
    // As long as a UUID, and like the engine's each behind the one before.
    const id = String(begun++).padStart(36, '0')
    const key = `four-steps::${id}`
    begin.run()
    const run = Number(insertRun.run(id, key, now, now).lastInsertRowid)
    insertLive.run(key, run, now + 30_000)
    commit.run()
    const place = run * 2 ** 24
    for (const [index, step] of steps.entries())
      advance.run(place + index + 2, now, step, succeeded(step), key, run)
    begin.run()
    end.run(key, run)
    insertLast.run(place + 5, now, succeeded('cleanup'))
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
