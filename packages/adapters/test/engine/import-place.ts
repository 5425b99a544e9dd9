import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '@holdfast/core'
import { parseReceipt, type Receipt } from '@holdfast/core/import'
import type { LibraryDump } from '@holdfast/core/testing'
import { attachmentFiles } from '../../src/attachment-files/index.js'
import { sqliteJournal, sqliteLibrary } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { dumpLibrary, fileNames } from '../library-fixture.js'
import { type ImportStory, type ImportTask, importKey } from './import-task.js'
import type { Boundary } from './killing-journal.js'

/** A library that holds an import already, and the place where a backup of the phone is made for the next one. */
export class ImportPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-import-kill-'))
  readonly backups = join(this.folder, 'backups')
  readonly library = join(this.folder, 'library')
  readonly #phone: string

  /** `phone`: a backup of it; `library`: a folder with library.db and attachments. */
  constructor(phone: string, library: string) {
    this.#phone = phone
    mkdirSync(this.backups)
    mkdirSync(this.library)
    for (const name of ['library.db', 'attachments'])
      cpSync(join(library, name), join(this.library, name), { recursive: true })
  }

  /** Everything here is on the disk that matters. */
  get disk(): string {
    return this.folder
  }

  get backup(): string {
    return join(this.backups, 'phone')
  }

  task(story: ImportStory, killAt: Boundary | null): ImportTask {
    return {
      story,
      phone: this.#phone,
      backup: this.backup,
      database: join(this.library, 'library.db'),
      attachments: join(this.library, 'attachments'),
      scratch: join(this.folder, 'scratch'),
      mark: join(this.folder, 'put-right'),
      killAt,
    }
  }

  /** Everything that readers of the library see. */
  dump(): LibraryDump {
    return dumpLibrary(this.library)
  }

  /** Names of all that lies beside the library and in its folder of attachments, where nothing half-done may stay. */
  leftovers(): readonly string[] {
    const hidden = fileNames(join(this.library, 'attachments')).filter((name) => name.startsWith('.'))
    const scratch = fileNames(join(this.folder, 'scratch'))
    return [...readdirSync(this.backups), ...hidden, ...scratch]
  }

  /**
   * The one invariant above all, as a killed process left it: once the backup was made, it is there and whole, or a valid receipt
   * for it is published, or the user asked for it to be deleted. Returns what is wrong; null when nothing is.
   */
  async backupFault(): Promise<string | null> {
    const { entries, receipt } = await this.journaled()
    if (!wasMade(entries) || mayDelete(entries)) return null
    const missing = this.#missing()
    if (missing.length === 0 || receipt !== null) return null
    return `no receipt, and of the backup are missing: ${missing.join(', ')}`
  }

  /** The entries of the run, and its receipt as the library holds it. Reads a copy: to open a database is to change it. */
  async journaled(): Promise<{ readonly entries: readonly Entry[]; readonly receipt: Receipt | null }> {
    const copy = join(this.folder, 'copy')
    cpSync(this.library, copy, { recursive: true })
    const db = openTestSqlite(join(copy, 'library.db'), { readonly: false })
    try {
      const journal = sqliteJournal(db)
      const run = (await journal.runs()).find(({ key }) => key === importKey)
      if (run === undefined) return { entries: [], receipt: null }
      const published = await sqliteLibrary(db, attachmentFiles(join(copy, 'attachments'))).imports()
      const own = published.find(({ id }) => id === run.id)
      // Throws unless the seal fits.
      const receipt = own === undefined ? null : await parseReceipt(own.receipt)
      return { entries: await journal.entries(run.id), receipt }
    } finally {
      db.close()
      rmSync(copy, { recursive: true })
    }
  }

  /** Files of the phone that the backup does not hold. */
  #missing(): readonly string[] {
    const there = new Set(fileNames(this.backup))
    return fileNames(this.#phone).filter((name) => !there.has(name))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

function wasMade(entries: readonly Entry[]): boolean {
  return entries.some(({ body }) => body.type === 'step.succeeded' && body.step === 'extract')
}

function mayDelete(entries: readonly Entry[]): boolean {
  return entries.some(({ body }) => body.type === 'discard.requested' && body.options['backup'] === 'delete')
}
