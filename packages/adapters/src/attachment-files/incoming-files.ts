import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { isHoldfastError, systemCodeOf } from '@holdfast/core'
import { syncFile, writeContent } from './file-content.js'
import { absentAsNull, fileError, fileWork } from './file-errors.js'
import type { Way } from './file-jobs.js'
import type { FileSystem } from './file-system.js'
import type { FileWorkers } from './file-workers.js'
import { isOwnFolder, makeFolder, makeFolders } from './folders.js'
import { inParallel } from './in-parallel.js'
import type { IncomingFile, WriteFile } from './port.js'

const incomingName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** How many system calls are under way at once. */
const atOnce = 16

/** Temporary files of content that has no name yet. They live beside their targets: a rename is atomic on one volume only. */
export class IncomingFiles {
  readonly folder: string
  readonly #root: string
  readonly #fs: FileSystem
  readonly #workers: FileWorkers
  readonly #synced = new WeakSet<IncomingFile>()
  #making: Promise<void> | null = null
  /** Whether these ways, by their names, did go when they were tried. */
  readonly #tried = new Map<string, boolean>()

  constructor(root: string, fs: FileSystem, workers: FileWorkers) {
    this.folder = join(root, '.incoming')
    this.#root = root
    this.#fs = fs
    this.#workers = workers
  }

  /** Streams content into a temporary file, hashing it. Contract as that of `AttachmentFiles.receive`. */
  async receive(content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<IncomingFile> {
    await this.#make()
    const path = join(this.folder, randomUUID())
    return { path, way: 'copy', ...(await writeContent(this.#fs, path, content, signal)) }
  }

  /** Has a temporary file written. Contract as that of `AttachmentFiles.receiveWritten`. */
  async receiveWritten(write: WriteFile, signal: AbortSignal): Promise<IncomingFile> {
    signal.throwIfAborted()
    await this.#make()
    const path = join(this.folder, randomUUID())
    try {
      const file: IncomingFile = { path, way: 'copy', ...(await write(path, signal)) }
      await this.sync([file])
      return file
    } catch (thrown) {
      // The first failure is the one to tell; a file that stays is removed by the next sweep.
      await this.#fs.unlink(path).catch(() => undefined)
      signal.throwIfAborted()
      const isRefusal = !isHoldfastError(thrown) && systemCodeOf(thrown) !== null
      throw isRefusal ? fileError(thrown, 'writing an attachment', path) : thrown
    }
  }

  /** Takes files in, by the first of `ways` that goes, else by a copy. Contract as that of `AttachmentFiles.receiveFiles`. */
  async take(
    paths: readonly string[],
    ways: readonly Way[],
    signal: AbortSignal,
  ): Promise<readonly (IncomingFile | null)[]> {
    await this.#make()
    const jobs = paths.map((source) => ({
      kind: 'take' as const,
      source,
      target: join(this.folder, randomUUID()),
      ways,
    }))
    try {
      const results = await this.#workers.run(jobs, signal)
      const taken = jobs.map(({ target }, index): IncomingFile | null => {
        const result = results[index] ?? null
        if (result === null) return null
        const { sha256, bytes, way, isDurable } = result
        const file = { path: target, sha256, bytes, way: way ?? ('copy' as const) }
        if (isDurable) this.#synced.add(file)
        return file
      })
      await this.sync(taken.filter((file) => file !== null))
      return taken
    } catch (thrown) {
      // The first failure is the one to tell; what stays is removed by the next sweep.
      await inParallel(jobs, atOnce, ({ target }) => this.#fs.unlink(target).catch(() => undefined))
      throw thrown
    }
  }

  /** Whether any of these ways goes here, as a small file shows. Contract as that of `AttachmentFiles.sharesFiles`. */
  async shares(ways: readonly Way[]): Promise<boolean> {
    if (ways.length === 0) return false
    const key = ways.join()
    const known = this.#tried.get(key)
    if (known !== undefined) return known
    const made: IncomingFile[] = []
    try {
      const { signal } = new AbortController()
      const probe = await this.receive(probeContent(), signal)
      made.push(probe)
      const [taken = null] = await this.take([probe.path], ways, signal)
      if (taken !== null) made.push(taken)
      const shares = taken !== null && taken.way !== 'copy'
      // Remembered: on a full disk, when it matters most, it cannot be tried again.
      this.#tried.set(key, shares)
      return shares
    } catch {
      return false
    } finally {
      // What stays is removed by the next sweep.
      await this.drop(made).catch(() => undefined)
      await this.#fs.rmdir(this.folder).catch(() => undefined)
    }
  }

  /** Makes the content of temporary files survive a power cut, unless it does already. */
  async sync(files: readonly IncomingFile[]): Promise<void> {
    const waiting = files.filter((file) => !this.#synced.has(file))
    await inParallel(waiting, atOnce, async (file) => {
      const { path, way } = file
      await fileWork('making an attachment durable', path, () => syncFile(this.#fs, path, way))
      this.#synced.add(file)
    })
  }

  /** Removes temporary files; those that are gone already are ignored. */
  async drop(files: readonly IncomingFile[]): Promise<void> {
    await inParallel(files, atOnce, ({ path }) =>
      fileWork('removing a temporary file', path, () => absentAsNull(() => this.#fs.unlink(path))),
    )
  }

  /** Removes all temporary files, and nothing else. */
  async sweep(): Promise<void> {
    const { folder } = this
    await fileWork('removing temporary files', folder, async () => {
      if (!(await isOwnFolder(this.#fs, folder))) return
      const left = (await this.#fs.readdir(folder)).filter((name) => incomingName.test(name))
      await inParallel(left, atOnce, (name) => absentAsNull(() => this.#fs.unlink(join(folder, name))))
      await this.#fs.rmdir(folder).catch(() => undefined)
    })
  }

  /** Makes the folder where there is none: once for all who ask at the same time, who would be in each other's way. */
  async #make(): Promise<void> {
    this.#making ??= fileWork('making a folder', this.folder, async () => {
      if (await isOwnFolder(this.#fs, this.folder)) return
      await makeFolders(this.#fs, this.#root)
      await makeFolder(this.#fs, this.folder)
    })
    try {
      await this.#making
    } finally {
      this.#making = null
    }
  }
}

/** A block, so that there is something to be shared: file systems keep the shortest content beside the name. */
async function* probeContent(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(4096, 1)
}
