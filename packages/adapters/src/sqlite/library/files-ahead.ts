import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ReadBackOptions } from '@holdfast/core/import'
import type { AttachmentFiles, FileDigest } from '../../attachment-files/index.js'
import { number, numberOrNull } from './fields.js'
import { findImport } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { digestsOf, type ReadItem, readItem } from './read-item.js'
import { attachmentShape } from './rows/attachment-rows.js'
import { versionsBetween } from './versions.js'

/** Attachments that are read and begun to be hashed at once. */
const itemsAtOnce = 200
/** Places of the ledger that are looked through at once for attachments: some milliseconds. */
const placesAtOnce = 5000
/** Attachments that nobody has asked for yet: some megabytes of memory. */
const mostAhead = 2000

type Digests = Promise<ReadonlyMap<ReadItem, FileDigest | null>>

/**
 * The attachments of an import, read and their files hashed before whoever reads it back comes to them: an import has its messages first,
 * during which the threads that hash had nothing to do. What it has not come to in time is for its user to read and to hash.
 */
export class FilesAhead {
  readonly #db: LibraryDatabase
  readonly #files: AttachmentFiles
  readonly #reading: ReadBackOptions
  /** Those that wait to be taken, by their place in the ledger. */
  readonly #items = new Map<number, ReadItem>()
  readonly #digests = new WeakMap<ReadItem, Digests>()
  /** Place of the first item that is not looked at yet. */
  #next = 0
  #wake = (): void => {}

  /** `reading.signal` ends it. */
  constructor(db: LibraryDatabase, files: AttachmentFiles, reading: ReadBackOptions) {
    this.#db = db
    this.#files = files
    this.#reading = reading
    reading.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** The attachment at a place, whose file is being hashed; null where it was not read ahead. */
  take(place: number): ReadItem | null {
    const found = this.#items.get(place) ?? null
    if (found === null) return null
    this.#items.delete(place)
    this.#wake()
    return found
  }

  /** Says that its user has come to this place: nothing up to there is of any use any more. */
  passed(place: number): void {
    this.#next = Math.max(this.#next, place + 1)
  }

  /** What files hold, of items that were taken here; the others are left to `hash`. */
  async digestsOf(
    items: readonly ReadItem[],
    hash: (others: readonly ReadItem[]) => Digests,
  ): Promise<ReadonlyMap<ReadItem, FileDigest | null>> {
    const begun = new Set(items.flatMap((item) => this.#digests.get(item) ?? []))
    const others = hash(items.filter((item) => !this.#digests.has(item)))
    const found = await Promise.all([others, ...begun])
    return new Map(found.flatMap((digests) => [...digests]))
  }

  /**
   * Reads and hashes ahead, as far as memory allows, until all is read or the signal ends it. Never rejects: who comes to what could not
   * be read finds out why. When it resolves, nothing is being hashed.
   */
  async run(id: string): Promise<void> {
    let [before, last]: Digests[] = []
    try {
      const end = this.#db.attempt('reading an import back', () => this.#lastPlace(id))
      if (end === null) return
      while (this.#next <= end.place && !this.#reading.signal.aborted) {
        const begun = this.#db.attempt('reading an import back', () => this.#begin(end.n))
        if (begun !== null) {
          // Two at a time: one that is being hashed, and one that waits for the threads.
          await before?.catch(() => undefined)
          ;[before, last] = [last, begun]
        }
        await nextTurn()
        while (this.#items.size >= mostAhead && !this.#reading.signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } catch {
      // The same is in the way of who reads that page.
    }
    await Promise.allSettled([before, last])
  }

  #lastPlace(id: string): { readonly n: number; readonly place: number } | null {
    const found = findImport(this.#db, id)
    if (found === null) return null
    const row = this.#db.get('SELECT max(seq) AS place FROM import_items WHERE import = ?', found.n)
    const place = row === null ? null : numberOrNull(row, 'place')
    return place === null ? null : { n: found.n, place }
  }

  /** Reads the next attachments, and begins to hash their files; null where the next places have none. */
  #begin(n: number): Digests | null {
    const [from, end] = [this.#next, this.#next + placesAtOnce]
    const ledger = this.#db.all(
      'SELECT * FROM import_items WHERE import = ? AND seq >= ? AND seq < ? AND type = ? ORDER BY seq LIMIT ?',
      n,
      from,
      end,
      attachmentShape.type,
      itemsAtOnce,
    )
    const last = ledger.length < itemsAtOnce ? undefined : ledger.at(-1)
    this.#next = last === undefined ? end : number(last, 'seq') + 1
    if (ledger.length === 0) return null
    const versions = versionsBetween(this.#db, attachmentShape, { n, from, to: this.#next })
    const items = ledger.map((item) => {
      const row = numberOrNull(item, 'row')
      const version = row === null ? null : (versions.get(row) ?? null)
      return { place: number(item, 'seq'), item: readItem(this.#db, item, 'attachment', version, n) }
    })
    const digests = digestsOf(
      this.#files,
      items.map(({ item }) => item),
      this.#reading,
    )
    // Told where they are awaited.
    digests.catch(() => undefined)
    for (const { place, item } of items) {
      this.#items.set(place, item)
      this.#digests.set(item, digests)
    }
    return digests
  }
}
