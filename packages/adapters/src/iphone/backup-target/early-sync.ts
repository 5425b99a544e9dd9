import type { FileHandle } from 'node:fs/promises'

/** Open files that wait for the disk. Behind a slow disk more would come than a process may have open. */
const most = 8

/**
 * Has large files brought to the disk while others come: otherwise the disk would rest while the cable works, and only begin at its end.
 * Everything is synced again before a backup takes its place, which finds most of it done.
 */
export class EarlySync {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #failure: { readonly error: unknown } | null = null

  /**
   * Takes a written file, which is synced behind those before it and closed. Resolves at once, but on Windows, where open files are in the way
   * of their folders.
   */
  async sync(handle: FileHandle): Promise<void> {
    // What is synced later tells what could not be kept, too.
    if (this.#waiting >= most || process.platform === 'win32') return handle.close()
    this.#waiting++
    this.#last = this.#last.then(() => this.#syncNow(handle))
  }

  /**
   * Resolves when all are synced and closed, with the first thing that the file system refused; null when it kept everything. It says so
   * to the first who syncs, and to nobody behind.
   */
  async settled(): Promise<{ readonly error: unknown } | null> {
    await this.#last
    return this.#failure
  }

  async #syncNow(handle: FileHandle): Promise<void> {
    try {
      await handle.sync()
    } catch (error) {
      this.#failure ??= { error }
    }
    await handle.close().catch((error: unknown) => {
      this.#failure ??= { error }
    })
    this.#waiting--
  }
}
