import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { systemCodeOf } from '@holdfast/core'
import { type FileOperations, nodeFiles } from './file-operations.js'
import { pause } from './pause.js'

/** How {@link removeTree} goes about it. */
export interface RemoveTreeOptions {
  readonly signal: AbortSignal
  /** How often something that is busy is tried again. @default 6 */
  readonly retries?: number
  /** Milliseconds before the first of these tries; each pause is twice the one before. @default 50 */
  readonly delay?: number
  /** @default those of Node */
  readonly files?: FileOperations
}

/** What a removal left behind. */
export interface Remains {
  /** How many entries are still there, the folders above them not counted. */
  readonly count: number
  /** The first few of them, as absolute paths. */
  readonly paths: readonly string[]
  /** System code of the first failure, such as `EBUSY`; null when nothing failed. */
  readonly systemCode: string | null
}

const namedAtMost = 5
const atOnce = 32

/** What passes when a virus scanner, an indexer or a backup program lets go of a file; usual on Windows. */
const passing = new Set(['EBUSY', 'EPERM', 'EACCES', 'ENOTEMPTY', 'EMFILE', 'ENFILE'])

/**
 * Removes a folder and all that is in it. Links (symbolic links, and junctions on Windows) are removed as links, never followed;
 * another file system that is mounted inside is left alone. What cannot be removed is passed over and told, so that as much as
 * possible goes. Nothing happens where there is nothing, so it may be repeated until it is through, also after a crash.
 *
 * @throws the signal's reason, between two entries.
 */
export async function removeTree(root: string, options: RemoveTreeOptions): Promise<Remains> {
  const removal = new Removal(options)
  await removal.remove(root)
  return removal.remains
}

class Removal {
  /** Device of the root, once it is known. */
  #device: number | null = null
  readonly #signal: AbortSignal
  readonly #delay: number
  readonly #files: FileOperations
  /** Drops to 0 when something stays in spite of all tries: a folder of a million such files must not take days. */
  #retries: number
  #count = 0
  #systemCode: string | null = null
  readonly #paths: string[] = []

  constructor(options: RemoveTreeOptions) {
    this.#signal = options.signal
    this.#retries = options.retries ?? 6
    this.#delay = options.delay ?? 50
    this.#files = options.files ?? nodeFiles
  }

  get remains(): Remains {
    return { count: this.#count, paths: this.#paths, systemCode: this.#systemCode }
  }

  /** Removes an entry. Resolves with whether it is gone. */
  async remove(path: string): Promise<boolean> {
    const outcome = await this.#removeUnlessFolder(path)
    if (typeof outcome === 'boolean') return outcome
    try {
      return await this.#removeFolder(path, outcome)
    } catch (thrown) {
      return this.#settle(path, thrown)
    }
  }

  /** Goes by the status of the entry itself, not by that of a link's target; a folder stays, and its status is given. */
  async #removeUnlessFolder(path: string): Promise<boolean | Stats> {
    this.#signal.throwIfAborted()
    try {
      const stats = await this.#persist(() => this.#files.lstat(path))
      if (stats.isDirectory()) return stats
      await this.#persist(() => removeFile(path, stats, this.#files))
      return true
    } catch (thrown) {
      return this.#settle(path, thrown)
    }
  }

  async #removeFolder(path: string, stats: Stats): Promise<boolean> {
    this.#device ??= stats.dev
    if (stats.dev !== this.#device) {
      throw Object.assign(new Error('Another file system is mounted here'), { code: 'EXDEV' })
    }
    // A folder that its owner may not change keeps its entries; its own permission is the owner's to give.
    if ((stats.mode & 0o700) !== 0o700) await this.#files.chmod(path, stats.mode | 0o700)
    const names = await this.#persist(() => this.#files.readdir(path))
    const folders: string[] = []
    let empty = true
    for (let at = 0; at < names.length; at += atOnce) {
      const some = names.slice(at, at + atOnce)
      const outcomes = await Promise.allSettled(
        some.map((name) => this.#removeUnlessFolder(join(path, name))),
      )
      for (const [index, outcome] of outcomes.entries()) {
        // All of them have ended before an abort is passed on: nothing is removed any more once the caller knows.
        if (outcome.status === 'rejected') throw outcome.reason
        if (typeof outcome.value === 'boolean') empty &&= outcome.value
        else folders.push(join(path, some[index] ?? ''))
      }
    }
    // One after the other, or a deep tree would be open at a thousand places at once.
    for (const folder of folders) if (!(await this.remove(folder))) empty = false
    // What stayed inside keeps its folder; that is told of the entry, not of every folder above it.
    if (empty) await this.#persist(() => this.#files.rmdir(path))
    return empty
  }

  /** Ends an abort by throwing its reason; notes any other failure, unless somebody else was faster. */
  #settle(path: string, thrown: unknown): boolean {
    if (this.#signal.aborted) throw this.#signal.reason
    const systemCode = systemCodeOf(thrown)
    if (systemCode === 'ENOENT') return true
    this.#count++
    this.#systemCode ??= systemCode
    if (this.#paths.length < namedAtMost) this.#paths.push(path)
    return false
  }

  /** Tries something again, with growing pauses, while its failure is of the kind that passes. */
  async #persist<Result>(act: () => Promise<Result>): Promise<Result> {
    for (let tried = 0; ; tried++) {
      try {
        return await act()
      } catch (thrown) {
        if (!passing.has(systemCodeOf(thrown) ?? '')) throw thrown
        if (tried >= this.#retries) {
          this.#retries = 0
          throw thrown
        }
        await pause(this.#delay * 2 ** tried, this.#signal)
      }
    }
  }
}

/** Removes a file or a link. On Windows a read-only file is refused until it is writable; elsewhere its own mode does not matter. */
async function removeFile(path: string, stats: Stats, files: FileOperations): Promise<void> {
  try {
    await files.unlink(path)
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EPERM' || !stats.isFile() || (stats.mode & 0o200) !== 0) throw thrown
    await files.chmod(path, 0o600)
    await files.unlink(path)
  }
}
