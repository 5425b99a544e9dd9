import { type BigIntStats, constants } from 'node:fs'
import { join, sep } from 'node:path'
import { absentAsNull, fileWork } from './file-errors.js'
import { splitName } from './file-name.js'
import type { FileSystem } from './file-system.js'
import type { FileWorkers } from './file-workers.js'
import { foldersSync, isOwnFolder, makeFoldersIn, syncFolder } from './folders.js'
import { inParallel } from './in-parallel.js'
import type { DigestRequest, FileDigest } from './port.js'

/**
 * How many system calls are under way at once. A journaling file system commits what waits in one go, so that syncing many
 * files together takes a tenth of the time that one after the other takes.
 */
const atOnce = 16

/** Mode of files that are the user's alone, and the bits of a mode that say so. */
const privateFile = 0o600
const permissions = 0o777

interface Place {
  readonly folder: string
  readonly path: string
}

/** Files that have the name which follows from their content, in folders by its first two digits. Links in place of either are not followed. */
export class NamedFiles {
  readonly #root: string
  /** What the path of every folder begins with: to join each of many thousand paths takes longer than to look at it. */
  readonly #prefix: string
  readonly #fs: FileSystem
  readonly #workers: FileWorkers

  constructor(root: string, fs: FileSystem, workers: FileWorkers) {
    this.#root = root
    this.#prefix = join(root, sep)
    this.#fs = fs
    this.#workers = workers
  }

  /** Absolute path of a file. Throws `LIBRARY_DAMAGED` for what is no name. */
  pathOf(name: string): string {
    return this.#place(name).path
  }

  /** Gives files, which are durable, their names; these are durable when it resolves. */
  async put(moves: readonly { readonly from: string; readonly name: string }[]): Promise<void> {
    const folders = this.#foldersOf(moves.map((move) => move.name))
    await fileWork('making a folder', this.#root, () => makeFoldersIn(this.#fs, this.#root, folders))
    const { signal } = new AbortController()
    const named = moves.map(({ from, name }) => ({ from, path: this.#place(name).path }))
    await this.#workers.run(
      named.map(({ from, path }) => ({ kind: 'name', from, path, again: false })),
      signal,
    )
    if (!foldersSync) return
    await this.#workers.run(
      folders.map((path) => ({ kind: 'sync-folder', path })),
      signal,
    )
  }

  /** What the file system says of files; null where there is no regular one. */
  async statuses(names: readonly string[]): Promise<readonly (BigIntStats | null)[]> {
    const places = names.map((name) => this.#place(name))
    const own = await this.#ownFolders(names)
    const found = await fileWork('looking at attachments', this.#root, () =>
      this.#fs.lookAtAll(
        places.map(({ path }) => path),
        { bigint: true },
      ),
    )
    return places.map(({ folder }, index) => {
      const file = own.has(folder) ? found[index] : null
      return file?.isFile() === true ? file : null
    })
  }

  /** Sizes of files; null where there is no regular one. In less time than {@link statuses} takes for as many. */
  async sizes(names: readonly string[]): Promise<readonly (number | null)[]> {
    const places = names.map((name) => this.#place(name))
    const own = await this.#ownFolders(names)
    const found = await fileWork('looking at attachments', this.#root, () =>
      this.#fs.lookAtAll(places.map(({ path }) => path)),
    )
    return places.map(({ folder }, index) => {
      const file = own.has(folder) ? found[index] : null
      return file?.isFile() === true ? file.size : null
    })
  }

  /** Hashes files. Contract as that of `AttachmentFiles.digests`. */
  async digests(
    requests: readonly DigestRequest[],
    signal: AbortSignal,
  ): Promise<readonly (FileDigest | null)[]> {
    const own = await this.#ownFolders(requests.map(({ name }) => name))
    const readable = requests.filter(({ name }) => own.has(this.#place(name).folder))
    const jobs = readable.map(({ name, twin }) => ({
      kind: 'digest' as const,
      path: this.#place(name).path,
      twin,
    }))
    const results = await this.#workers.run(jobs, signal)
    const found = new Map(readable.map((request, index) => [request, results[index] ?? null]))
    return requests.map((request) => {
      const result = found.get(request) ?? null
      return result && { sha256: result.sha256, bytes: result.bytes, isTwin: result.isTwin }
    })
  }

  /** Makes files that are there this user's alone, as those are that were written here. */
  async makePrivate(names: readonly string[]): Promise<void> {
    await inParallel(names, atOnce, async (name) => {
      const { path } = this.#place(name)
      await fileWork('making an attachment private', path, async () => {
        const handle = await this.#fs.open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
        try {
          if (((await handle.stat()).mode & permissions) !== privateFile) await handle.chmod(privateFile)
        } finally {
          await handle.close()
        }
      })
    })
  }

  /** Removes files, and the folders that are left empty; absent ones are ignored. Durable when it resolves. */
  async remove(names: readonly string[]): Promise<void> {
    const folders: string[] = []
    for (const target of this.#foldersOf(names)) {
      if (await fileWork('looking at a folder', target, () => isOwnFolder(this.#fs, target)))
        folders.push(target)
    }
    const present = names.map((name) => this.#place(name)).filter(({ folder }) => folders.includes(folder))
    await inParallel(present, atOnce, ({ path }) =>
      fileWork('removing an attachment', path, () => absentAsNull(() => this.#fs.unlink(path))),
    )
    await this.#sync(folders, 'removing an attachment')
    // Only an empty folder can be removed so, and whether it goes matters to nobody.
    await inParallel(folders, atOnce, (target) => this.#fs.rmdir(target).catch(() => undefined))
  }

  #place(name: string): Place {
    const parts = splitName(name)
    const folder = `${this.#prefix}${parts.folder}`
    return { folder, path: `${folder}${sep}${parts.file}` }
  }

  #foldersOf(names: readonly string[]): readonly string[] {
    return [...new Set(names.map((name) => this.#place(name).folder))]
  }

  /** Those of the files' folders that are real ones. */
  async #ownFolders(names: readonly string[]): Promise<ReadonlySet<string>> {
    const folders = this.#foldersOf(names)
    const found = await fileWork('looking at folders', this.#root, () => this.#fs.lookAtAll(folders))
    return new Set(folders.filter((_, index) => found[index]?.isDirectory() === true))
  }

  async #sync(folders: readonly string[], doing: string): Promise<void> {
    await inParallel(folders, atOnce, (target) => fileWork(doing, target, () => syncFolder(this.#fs, target)))
  }
}
