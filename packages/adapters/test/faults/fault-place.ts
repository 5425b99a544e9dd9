import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseReceipt, verifyPublished } from '@holdfast/core/import'
import type { LibraryDump } from '@holdfast/core/testing'
import { attachmentFiles } from '../../src/attachment-files/index.js'
import { sqliteJournal, sqliteLibrary } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { dumpLibrary, fileNames } from '../library-fixture.js'
import { type FaultReport, type FaultTask, faultKey } from './fault-task.js'

/**
 * An empty file that shows whether a folder can be written. One whose removal fails, or whose process dies before it, is removed by
 * the next import that looks: it may lie there until then.
 */
const probe = '.holdfast-probe'

/** What is there, as one who looks from outside finds it. */
export interface Found {
  /** What readers of the library see. */
  readonly records: LibraryDump['records']
  /** Every file of the place but the database, with a hash of its content. */
  readonly files: readonly string[]
  /** Whether the backup is in its place, whole. */
  readonly isWhole: boolean
  /** Whether the library holds a receipt of the run, whose seal fits, and all that it is about. */
  readonly isProven: boolean
}

/** What a task is about, wherever it happens. */
export type TaskWords = Pick<FaultTask, 'story' | 'part' | 'ending' | 'fault' | 'dies'>

/** A library that holds an import already, and a backup beside it. */
export class FaultPlace {
  readonly #folder: string
  readonly #report: string
  readonly #copy: string
  readonly #backup: readonly string[]

  /**
   * `folder`: where it is made, and what the app works on; `beside`: a path that begins the names of what the test itself needs.
   * `backup`: a folder to copy; `library`: a folder with library.db and attachments.
   */
  constructor(
    folder: string,
    beside: string,
    { backup, library }: { readonly backup: string; readonly library: string },
  ) {
    this.#folder = folder
    this.#report = `${beside}-report`
    this.#copy = `${beside}-copy`
    cpSync(backup, this.#path('backups', 'phone'), { recursive: true })
    mkdirSync(this.#path('library'))
    for (const name of ['library.db', 'attachments'])
      cpSync(join(library, name), this.#path('library', name), { recursive: true })
    this.#backup = hashes(this.#path('backups', 'phone'))
  }

  task(what: TaskWords): FaultTask {
    return {
      ...what,
      backup: this.#path('backups', 'phone'),
      database: this.#path('library', 'library.db'),
      attachments: this.#path('library', 'attachments'),
      scratch: this.#path('scratch'),
      report: this.#report,
    }
  }

  /** What the last child reported of it; null when it ended before. */
  takeReport(): FaultReport | null {
    if (!existsSync(this.#report)) return null
    // The child wrote it from a FaultReport.
    const report = JSON.parse(readFileSync(this.#report, 'utf8')) as FaultReport
    rmSync(this.#report)
    return report
  }

  async look(): Promise<Found> {
    return {
      records: dumpLibrary(this.#path('library')).records,
      files: hashes(this.#folder).filter(
        (line) =>
          !/ library[\\/]library\.db(-wal|-shm)?$/.test(line) &&
          !line.endsWith(` ${join('library', 'attachments', probe)}`),
      ),
      isWhole: sameLines(hashes(this.#path('backups', 'phone')), this.#backup),
      isProven: await this.#isProven(),
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }

  /** Reads a copy: to open a database is to change it, and the next process is to find it as it was left. */
  async #isProven(): Promise<boolean> {
    const copy = this.#copy
    cpSync(this.#path('library'), copy, { recursive: true })
    const db = openTestSqlite(join(copy, 'library.db'), { readonly: false })
    try {
      const run = (await sqliteJournal(db).runs()).find(({ key }) => key === faultKey)
      const storage = sqliteLibrary(db, attachmentFiles(join(copy, 'attachments')))
      const published = (await storage.imports()).find(({ id }) => id === run?.id)
      if (published === undefined) return false
      await parseReceipt(published.receipt)
      const { valid } = await verifyPublished(storage, published, { signal: new AbortController().signal })
      return valid
    } finally {
      db.close()
      rmSync(copy, { recursive: true })
    }
  }

  #path(...names: readonly string[]): string {
    return join(this.#folder, ...names)
  }
}

/** A line for every file below a folder: a hash of its content, and its path. */
function hashes(folder: string): readonly string[] {
  return fileNames(folder).map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')} ${name}`,
  )
}

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index])
}
