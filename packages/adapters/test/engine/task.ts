import type { Boundary } from './killing-journal.js'

/** What a child is to do. */
export interface Task {
  /** Path of the journal's database. */
  readonly database: string
  /** Path of the log of the outside world. */
  readonly world: string
  readonly scenarios: readonly string[]
  /** Where it ends itself; null for nowhere. */
  readonly killAt: Boundary | null
  /** Pages after which SQLite copies its log into the database; null for its own default. */
  readonly checkpointPages: number | null
  /** Takes the guarantee away, to show that the tests notice. */
  readonly unsafe: boolean
}
