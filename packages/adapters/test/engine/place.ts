import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '@holdfast/core'
import { sqliteJournal } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { readWorld, type WorldLine } from './outside-world.js'
import type { Durable } from './witness.js'

/** Where one story happens: a disk with the journal's database, and an outside world. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-crash-'))
  /** What SQLite writes to. */
  readonly disk = join(this.folder, 'disk')
  readonly database = join(this.disk, 'journal.db')
  readonly world = join(this.folder, 'world.log')

  constructor() {
    mkdirSync(this.disk)
  }

  /** Everything that happened in the outside world. */
  lines(): readonly WorldLine[] {
    return readWorld(this.world)
  }

  /** What the journal holds. Reads a copy: to open a database is to change it, and the next process is to find it as it was left. */
  async durable(): Promise<Durable> {
    const entries = new Map<string, readonly Entry[]>()
    if (!existsSync(this.database)) return { runs: [], entries }
    const copy = join(this.folder, 'copy')
    cpSync(this.disk, copy, { recursive: true })
    const db = openTestSqlite(join(copy, 'journal.db'), { readonly: false })
    try {
      const journal = sqliteJournal(db)
      const runs = await journal.runs()
      for (const { id } of runs) entries.set(id, await journal.entries(id))
      return { runs, entries }
    } finally {
      db.close()
      rmSync(copy, { recursive: true })
    }
  }

  /** Names of the files of the disk that hold this text. */
  filesWith(text: string): readonly string[] {
    return readdirSync(this.disk).filter((name) => readFileSync(join(this.disk, name)).includes(text))
  }

  /** A second place that is as this one is now; `disk`: a folder that takes the place of its disk. */
  copy(disk = this.disk): Place {
    const other = new Place()
    cpSync(disk, other.disk, { recursive: true })
    if (existsSync(this.world)) cpSync(this.world, other.world)
    return other
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}
