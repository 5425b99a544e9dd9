import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { systemCodeOf } from '@holdfast/core'
import { unreadable } from '../folder/backup-file.js'
import { FileIdTable } from '../manifest/file-id-table.js'

const folderPattern = /^[0-9a-f]{2}$/
const fileIdPattern = /^[0-9a-f]{40}$/

/** Marks of a blob: it is on disk; the manifest lists it. */
const onDisk = 1
const listed = 2

/**
 * Which blobs are on disk, found by listing the 256 folders and the root rather than by asking for each file: some tens of
 * milliseconds for 100,000 files. Links are no blobs.
 */
export class BlobCensus {
  readonly #marks = new FileIdTable()
  #listed = 0

  /**
   * Lists all blobs of a backup.
   *
   * @throws HoldfastError `BACKUP_UNREADABLE`, or the signal's reason.
   */
  static async take(root: string, signal: AbortSignal): Promise<BlobCensus> {
    const census = new BlobCensus()
    for (const folder of await census.#add(root)) {
      // Also keeps the event loop free, where the answers come from memory.
      await setImmediate()
      signal.throwIfAborted()
      await census.#add(join(root, folder))
    }
    return census
  }

  /** How many blobs there are. */
  get size(): number {
    return this.#marks.size
  }

  /** How many of them nobody has asked {@link claim} for. */
  get unclaimed(): number {
    return this.#marks.size - this.#listed
  }

  /** Whether a blob is on disk; notes that the manifest lists it. */
  claim(fileId: string): boolean {
    const mark = this.#marks.get(fileId)
    if (mark === onDisk) {
      this.#marks.set(fileId, listed)
      this.#listed++
    }
    return mark !== null
  }

  /** Adds the blobs of a folder; resolves with the blob folders in it. */
  async #add(path: string): Promise<string[]> {
    const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
      // What is no folder, or went away meanwhile, holds no blobs.
      if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return []
      throw unreadable(path, cause)
    })
    const folders: string[] = []
    for (const entry of entries) {
      if (entry.isFile() && fileIdPattern.test(entry.name)) this.#marks.set(entry.name, onDisk)
      else if (entry.isDirectory() && folderPattern.test(entry.name)) folders.push(entry.name)
    }
    return folders
  }
}
