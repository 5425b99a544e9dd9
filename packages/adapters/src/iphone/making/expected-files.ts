import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCodeOf } from '@holdfast/core'
import { lookAtAll } from '../../file-status/look-at-all.js'
import { FileIdTable } from '../../ios-backup/manifest/file-id-table.js'
import type { FileChanges } from '../mobilebackup2/file-changes.js'

const fileIdPattern = /^[0-9a-f]{40}$/
const folderPattern = /^[0-9a-f]{2}$/

/** Files whose lengths are asked for together. */
const lookedAtOnce = 500

/** Numbers of the tables: the bytes of a file and one, or one of these. */
const ofUnknownLength = 0.5
const gone = -1

/** What a path of a phone leads to, as far as it matters here. */
type Place =
  | { readonly kind: 'file'; readonly folder: string; readonly id: string }
  /** A file that is not in its place yet. */
  | { readonly kind: 'staged'; readonly id: string }
  /** One of the 256 folders, or with null all of them. */
  | { readonly kind: 'folder'; readonly folder: string | null }

/**
 * What must be there when a phone has finished: the files from before that it did not have removed, and those that it sent, with their
 * lengths. It is what can be told of an encrypted backup, whose list nobody here can read; some tens of bytes for a file, and no names.
 *
 * Of a folder that the phone moves or removes as a whole nothing is told any more.
 */
export class ExpectedFiles implements FileChanges {
  readonly #placed = new FileIdTable()
  readonly #staged = new FileIdTable()
  /** How many files are to be in each of the 256 folders. */
  readonly #counts = new Map<string, number>()
  /** Folders of which nothing is told, or with null any. */
  readonly #untold = new Set<string | null>()

  /** Begins with what a backup holds before the phone changes it. Throws what the file system refuses, and the signal's reason. */
  static async of(tree: string, signal: AbortSignal): Promise<ExpectedFiles> {
    const expected = new ExpectedFiles()
    for await (const { folder, id } of blobsIn(tree, signal)) {
      expected.#put({ kind: 'file', folder, id }, ofUnknownLength)
    }
    return expected
  }

  received(path: string, bytes: number): void {
    this.#put(placeOf(path), bytes + 1)
  }

  moved(from: string, to: string): void {
    const value = this.#valueOf(placeOf(from))
    this.removed(from)
    this.#put(placeOf(to), value)
  }

  copied(from: string, to: string): void {
    this.#put(placeOf(to), this.#valueOf(placeOf(from)))
  }

  removed(path: string): void {
    const place = placeOf(path)
    if (place === null) return
    if (place.kind === 'folder') this.#untold.add(place.folder)
    else if (place.kind === 'staged') this.#staged.set(place.id, gone)
    else if (isThere(this.#placed.get(place.id))) {
      this.#placed.set(place.id, gone)
      this.#count(place.folder, -1)
    }
  }

  /** How many of them a finished backup lacks, or has with another length. Throws as {@link of}. */
  async lackingIn(tree: string, signal: AbortSignal): Promise<number> {
    if (this.#untold.has(null)) return 0
    const missing = new Map(this.#counts)
    let differing = 0
    let lengths = new Map<string, number>()
    const look = async (): Promise<void> => {
      const found = await lookAtAll([...lengths.keys()])
      for (const [index, length] of [...lengths.values()].entries())
        if (found[index]?.size !== length) differing++
      lengths = new Map()
    }
    for await (const { folder, id } of blobsIn(tree, signal)) {
      const value = this.#placed.get(id)
      if (value === null || value === gone || this.#untold.has(folder)) continue
      missing.set(folder, (missing.get(folder) ?? 0) - 1)
      if (value === ofUnknownLength) continue
      lengths.set(join(tree, folder, id), value - 1)
      if (lengths.size >= lookedAtOnce) await look()
    }
    await look()
    const told = [...missing].filter(([folder]) => !this.#untold.has(folder))
    return told.reduce((sum, [, count]) => sum + count, differing)
  }

  #put(place: Place | null, value: number): void {
    if (place === null) return
    if (place.kind === 'folder') this.#untold.add(place.folder)
    else if (place.kind === 'staged') this.#staged.set(place.id, value)
    else {
      if (!isThere(this.#placed.get(place.id))) this.#count(place.folder, 1)
      this.#placed.set(place.id, value)
    }
  }

  #valueOf(place: Place | null): number {
    if (place === null || place.kind === 'folder') return ofUnknownLength
    const value = (place.kind === 'staged' ? this.#staged : this.#placed).get(place.id)
    return value === null || value === gone ? ofUnknownLength : value
  }

  #count(folder: string, by: number): void {
    this.#counts.set(folder, (this.#counts.get(folder) ?? 0) + by)
  }
}

function isThere(value: number | null): boolean {
  return value !== null && value !== gone
}

function placeOf(path: string): Place | null {
  const [, first, ...rest] = path.split('/').filter((name) => name !== '' && name !== '.')
  const last = rest.at(-1)
  if (first === undefined) return { kind: 'folder', folder: null }
  if (first === 'Snapshot') {
    return last !== undefined && fileIdPattern.test(last) ? { kind: 'staged', id: last } : null
  }
  if (!folderPattern.test(first)) return null
  if (last === undefined) return { kind: 'folder', folder: first }
  return rest.length === 1 && fileIdPattern.test(last) ? { kind: 'file', folder: first, id: last } : null
}

/** The files in the 256 folders of a backup. */
async function* blobsIn(
  tree: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly folder: string; readonly id: string }> {
  for (const { name: folder } of await entriesOf(tree)) {
    if (!folderPattern.test(folder)) continue
    signal.throwIfAborted()
    for (const entry of await entriesOf(join(tree, folder))) {
      if (entry.isFile() && fileIdPattern.test(entry.name)) yield { folder, id: entry.name }
    }
  }
}

/** What is in a folder; nothing where there is none. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return []
    throw cause
  }
}
