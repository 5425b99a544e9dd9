import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { DecodeFailure, decoded } from '../../decoding/decoding.js'
import type { SqliteFile } from './sqlite-file.js'
import { TreePage } from './tree-page.js'

const fileHeaderBytes = 100
/** SQLite follows no tree any deeper. */
const deepest = 20
const pagesPerTurn = 1000
/** Pages that are read at once where one behind the other is wanted, which most of a table's leaves are. */
const pagesAhead = 16
/** SQLite locks this byte of the file, and keeps nothing in its page. */
const lockingByte = 0x4000_0000

/** What a walk through a tree came to. */
export interface TreeWalk {
  /** What is wrong with the tree, for people; null when nothing is. */
  readonly fault: string | null
  /** Its rows; null where it is not one of row ids, or has a fault. */
  readonly rows: number | null
}

/** What is still to be visited, last first: pages, and the row ids that divide them. */
type Ahead = { readonly page: number; readonly depth: number } | { readonly divider: number }

/**
 * The trees of pages in a SQLite file, in which its tables and indexes lie. SQLite believes them: a file of 20 pages, each naming the
 * next one 300 times, keeps `count(*)` busy for good, and nothing in this process could end it; row ids that go backwards turn
 * reading page by page into a circle; a page that lost its rows is an empty one. So each tree is walked here before SQLite reads it.
 * `PRAGMA quick_check` would find the same, but it needs the schema, which lies in such a tree itself, reads all contents as well,
 * and never ends the turn of the event loop.
 */
export class PageTrees {
  readonly #file: number
  readonly #header: SqliteFile
  readonly #pages: number
  readonly #page: TreePage
  readonly #stretch: Buffer
  /** The pages that {@link #stretch} holds: from this one, so many. */
  #held = { from: 0, pages: 0 }
  #lastRead = 0
  /** A bit for each page that was visited. */
  readonly #visited: Uint8Array
  /** Bytes that rows may still take. */
  #left: number
  /** Pages of the trees that were walked. */
  #named = 0
  #ahead: Ahead[] = []
  #lastRow = Number.NEGATIVE_INFINITY
  /** Whether the tree's pages have row ids; null before its first one. */
  #isTable: boolean | null = null
  #rows = 0

  private constructor(file: number, header: SqliteFile) {
    this.#file = file
    this.#header = header
    this.#pages = Math.floor(header.bytes / header.pageBytes)
    this.#page = new TreePage(header.pageBytes, header.usableBytes)
    this.#stretch = Buffer.alloc(pagesAhead * header.pageBytes)
    this.#visited = new Uint8Array((this.#pages >> 3) + 1)
    this.#left = this.#pages * header.pageBytes
  }

  /** Opens the file at `path`, which has this header. What the system throws passes through. */
  static open(path: string, header: SqliteFile): PageTrees {
    return new PageTrees(openSync(path, 'r'), header)
  }

  /**
   * Walks the tree whose root is this page, counts its rows and says what is wrong with it: a page that is in it, or in an earlier tree,
   * already; pages of another kind than the others, or than an index has; row ids out of order; rows that claim more bytes than the file
   * has; bytes that nothing accounts for. The event loop gets a turn every thousand pages. What the system throws passes through.
   */
  async walk(root: number, of: 'table' | 'index' = 'table'): Promise<TreeWalk> {
    this.#begin(root, of)
    while (this.#ahead.length > 0) {
      const some = decoded(() => this.#visitSome())
      if (!some.ok) return { fault: some.problem, rows: null }
      await setImmediate()
    }
    return { fault: null, rows: this.#isTable === true ? this.#rows : null }
  }

  /**
   * How many pages of the file are in none of the trees that were walked, and are not free either. When all trees of a database were
   * walked there is none, unless a page was lost with the rows on it: a tree whose first page is now an empty one looks like a table
   * that never had a row.
   */
  strayPages(): number {
    const { pageBytes, usableBytes, neededBytes, bytes, freePages, hasPointerMap } = this.#header
    const pages = Math.floor((neededBytes ?? bytes) / pageBytes)
    // Sections 1.7 and 1.3.1 of the format: a page of the map for so many others, and one that is never used.
    const maps = hasPointerMap ? Math.ceil((pages - 1) / (usableBytes / 5 + 1)) : 0
    const locked = pages > lockingByte / pageBytes ? 1 : 0
    return Math.max(0, pages - this.#named - freePages - maps - locked)
  }

  close(): void {
    closeSync(this.#file)
  }

  #begin(root: number, of: 'table' | 'index'): void {
    this.#ahead = [{ page: root, depth: 0 }]
    this.#lastRow = Number.NEGATIVE_INFINITY
    this.#rows = 0
    // Of a table nothing is known before: one without row ids lies in pages of an index.
    this.#isTable = of === 'index' ? false : null
  }

  #visitSome(): void {
    for (let count = 0; count < pagesPerTurn; count++) {
      const next = this.#ahead.pop()
      if (next === undefined) return
      if ('divider' in next) this.#goTo(next.divider, true)
      else this.#visit(next.page, next.depth)
    }
  }

  #visit(number: number, depth: number): void {
    if (number < 1 || number > this.#pages)
      throw new DecodeFailure(`page ${number} is named, which is not there`)
    if (depth > deepest) throw new DecodeFailure('pages are nested too deeply')
    const [byte, bit] = [number >> 3, 1 << (number & 7)]
    if (((this.#visited[byte] ?? 0) & bit) !== 0) throw new DecodeFailure(`page ${number} is named twice`)
    this.#visited[byte] = (this.#visited[byte] ?? 0) | bit
    const page = this.#read(number)
    this.#isTable ??= page.isTable
    if (page.isTable !== this.#isTable) throw new DecodeFailure(`page ${number} is one of another tree`)
    this.#take(page.payload)
    this.#named += 1 + page.overflow
    if (page.isLeaf) {
      if (!page.isTable) return
      this.#rows += page.count
      for (let index = 0; index < page.count; index++) this.#goTo(page.rows[index] ?? 0, false)
      return
    }
    this.#ahead.push({ page: page.last, depth: depth + 1 })
    for (let index = page.count - 1; index >= 0; index--) {
      if (page.isTable) this.#ahead.push({ divider: page.rows[index] ?? 0 })
      this.#ahead.push({ page: page.children[index] ?? 0, depth: depth + 1 })
    }
  }

  #read(number: number): TreePage {
    const page = this.#page
    const { length } = page.bytes
    if (number < this.#held.from || number >= this.#held.from + this.#held.pages) this.#hold(number)
    const at = (number - this.#held.from) * length
    this.#stretch.copy(page.bytes, 0, at, at + length)
    this.#lastRead = number
    const read = decoded(() => page.read(number === 1 ? fileHeaderBytes : 0))
    if (!read.ok) throw new DecodeFailure(`page ${number} ${read.problem}`)
    return page
  }

  /** Reads a page into the stretch; and those behind it, where it is itself the one behind the last. */
  #hold(number: number): void {
    const { length } = this.#page.bytes
    const wanted = number === this.#lastRead + 1 ? Math.min(pagesAhead, this.#pages - number + 1) : 1
    const read = readSync(this.#file, this.#stretch, 0, wanted * length, (number - 1) * length)
    if (read < length) throw new DecodeFailure(`page ${number} was cut off`)
    this.#held = { from: number, pages: Math.floor(read / length) }
  }

  /** No two rows share bytes, so all of them have at most those of the file. */
  #take(bytes: number): void {
    if (bytes < 0 || bytes > this.#left) throw new DecodeFailure('rows claim more bytes than the file has')
    this.#left -= bytes
  }

  /** Goes on to a row id; one that divides pages can be that of the row before it. */
  #goTo(row: number, isDivider: boolean): void {
    // Drivers round what is larger, and then reading on behind such a row finds the same row again.
    if (!Number.isSafeInteger(row)) throw new DecodeFailure('a row id is larger than any phone counts')
    if (isDivider ? row < this.#lastRow : row <= this.#lastRow)
      throw new DecodeFailure('rows are out of order')
    this.#lastRow = row
  }
}
