import type { FileHandle } from 'node:fs/promises'
import { NotDurable } from './not-durable.js'

/** Open files that wait for the disk. Behind a slow disk more would come than a process may have open. */
const most = 8

/**
 * Has large files brought to the disk while others come: otherwise the disk would rest while the cable works, and only begin at its end.
 * Everything is synced again before a backup takes its place, which finds most of it done.
 */
export class EarlySync {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #failure: NotDurable | null = null

  /**
   * Takes a written file, which is synced behind those before it and closed. Resolves at once, but on Windows, where open files are in the way
   * of their folders.
   *
   * @throws NotDurable when one before it could not be kept: what would come then is for nothing.
   */
  async sync(handle: Pick<FileHandle, 'sync' | 'close'>): Promise<void> {
    if (this.#failure !== null) {
      await handle.close()
      throw this.#failure
    }
    // What is synced later tells what could not be kept, too.
    if (this.#waiting >= most || process.platform === 'win32') return handle.close()
    this.#waiting++
    this.#last = this.#last.then(() => this.#syncNow(handle))
  }

  /** Resolves when all large files are synced and closed, with the first that could not be kept; null when all were. */
  async settled(): Promise<NotDurable | null> {
    await this.#last
    return this.#failure
  }

  async #syncNow(handle: Pick<FileHandle, 'sync' | 'close'>): Promise<void> {
    const fail = (error: unknown): void => {
      this.#failure ??= new NotDurable(error)
    }
    await handle.sync().catch(fail)
    await handle.close().catch(fail)
    this.#waiting--
  }
}
