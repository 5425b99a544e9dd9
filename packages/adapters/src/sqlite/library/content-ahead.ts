import type { RecordBatch, WriteOptions } from '@holdfast/core/import'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import { dropAll, type ReceivedContent, receiveContent } from './content.js'
import type { ImportRow } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'

interface Begun {
  readonly n: number
  readonly batch: RecordBatch
  readonly content: Promise<ReceivedContent>
  readonly giveUp: () => void
}

/**
 * Content of the batch that comes next, received while the one before gets its names and its rows: threads that hash have nothing else to
 * do then, and whoever names and syncs waits for the disk.
 */
export class ContentAhead {
  readonly #db: LibraryDatabase
  readonly #files: AttachmentFiles
  #begun: Begun | null = null

  constructor(db: LibraryDatabase, files: AttachmentFiles) {
    this.#db = db
    this.#files = files
  }

  /** Begins with the content of the batch that follows, as soon as that is read. The function that it gives says that it is too late for it. */
  follow(work: ImportRow, source: WriteOptions): () => void {
    let isLate = false
    const begin = (batch: RecordBatch | null): void => {
      if (batch !== null && !isLate && this.#begun === null) this.#begin(work, batch, source)
    }
    // What is in the way of the one who reads is told there.
    source.following?.then(begin, () => undefined)
    return () => {
      isLate = true
    }
  }

  /** What was received for a batch, and is from now on the caller's; null where nothing was, or not all. */
  async take(n: number, batch: RecordBatch): Promise<ReceivedContent | null> {
    const begun = this.#begun
    if (begun?.n !== n || begun.batch !== batch) {
      await this.end()
      return null
    }
    this.#begun = null
    // What has failed is done again by the caller, who is told then what is the matter.
    return begun.content.catch(() => null)
  }

  /** Gives up what was begun, and drops what came of it. Nothing is under way any more when it resolves. */
  async end(): Promise<void> {
    const begun = this.#begun
    this.#begun = null
    if (begun === null) return
    begun.giveUp()
    const content = await begun.content.catch(() => null)
    if (content !== null) await dropAll(this.#files, content.files)
  }

  #begin(work: ImportRow, batch: RecordBatch, source: WriteOptions): void {
    const ended = new AbortController()
    const signal = AbortSignal.any([source.signal, ended.signal])
    const content = receiveContent(this.#db, this.#files, work, batch.records, { ...source, signal })
    content.catch(() => undefined)
    this.#begun = { n: work.n, batch, content, giveUp: () => ended.abort() }
  }
}
