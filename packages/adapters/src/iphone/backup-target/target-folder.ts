import { constants, lstatSync, mkdirSync, renameSync, type Stats } from 'node:fs'
import { copyFile, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemCodeOf } from '@holdfast/core'
import { removeTree } from '../../backup-folder/remove-tree.js'
import { QuickCalls } from '../../file-status/quick-calls.js'
import type { Content } from './content.js'
import { EarlySync } from './early-sync.js'
import type { NotDurable } from './not-durable.js'
import { safeNames, unsafe } from './safe-path.js'
import { statusOf } from './status-of.js'
import { systemError } from './system-error.js'
import { writeHere, writeInThread } from './write-file.js'

/** An entry of a folder, as a phone wants to be told. */
export interface ListedEntry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'other'
  readonly bytes: number
  readonly modifiedAt: Date
}

/** Where a {@link TargetFolder} works. */
export interface TargetPlaces {
  /** The folder that is the backup while it is made. It exists. */
  readonly tree: string
  /** A folder of the same volume beside it, for files that are not whole yet. It exists, and nothing is in it. */
  readonly incoming: string
}

/** A file that is larger is written by threads, in pieces of this size; two of them are in memory. */
const bufferBytes = 512 * 1024

/** What can be in the way of a rename, and goes. */
const inTheWay = new Set(['EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'])

/**
 * The folder into which a phone writes its backup. Every path comes from the phone, and is taken apart before it is used: nothing
 * outside the folder is read or written, and no link is followed. A file is there whole or not at all: it is written beside and renamed,
 * so a file of an earlier backup that shares its bytes by a hard link is never changed.
 *
 * Every method throws HoldfastError `BACKUP_UNSAFE` for a path that could lead out, and what the file system refuses as it is.
 */
export class TargetFolder {
  readonly #udid: string
  readonly #tree: string
  readonly #incoming: string
  /** Folders that are known to be real ones, by their paths; forgotten when a folder is moved or removed. */
  readonly #real = new Set<string>()
  /** Those of them that were made here: what is in them was put there here, and no link is. */
  readonly #made = new Set<string>()
  readonly #calls = new QuickCalls({ slow: 5, rest: 100 })
  readonly #early = new EarlySync()
  /** What is written passes through them; made when the first file comes. */
  #buffers: readonly [Buffer, Buffer] | null = null
  #written = 0

  constructor(udid: string, { tree, incoming }: TargetPlaces) {
    this.#udid = udid
    this.#tree = tree
    this.#incoming = incoming
  }

  /** The bytes of a file, from its beginning. */
  async *read(path: string): AsyncGenerator<Buffer> {
    const file = await this.#locate(path)
    await this.#refuseLink(file, path)
    const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    try {
      if (!(await handle.stat()).isFile()) throw systemError('EISDIR', path)
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(256 * 1024))
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await handle.close()
    }
  }

  /** What a folder holds; nothing where there is none. */
  async list(path: string): Promise<readonly ListedEntry[]> {
    const folder = await this.#locate(path)
    try {
      if (!(await lstat(folder)).isDirectory()) throw systemError('ENOTDIR', path)
      const names = await readdir(folder)
      const entries: ListedEntry[] = []
      for (const name of names) {
        const stats = await statusOf(join(folder, name))
        if (stats !== null) entries.push(listed(name, stats))
      }
      return entries
    } catch (cause) {
      if (systemCodeOf(cause) === 'ENOENT') return []
      throw cause
    }
  }

  /** Makes a folder, and those above it. Nothing happens where it is there. */
  async createFolder(path: string): Promise<void> {
    let folder = this.#tree
    for (const name of safeNames(path, this.#udid)) {
      folder = join(folder, name)
      await this.#makeFolder(folder, path)
    }
  }

  /** Puts a file or a folder in another place; what is there goes. */
  async move(from: string, to: string): Promise<void> {
    const source = await this.#locate(from)
    // Thousands of files are moved out of folders that were just made.
    if (!this.#made.has(dirname(source))) await this.#refuseLink(source, from)
    const target = await this.#locateNew(to)
    if (source === target) return
    if (within(source, target) || within(target, source)) throw systemError('EINVAL', to)
    try {
      await this.#rename(source, target)
    } catch (cause) {
      if (!inTheWay.has(systemCodeOf(cause) ?? '') || (await statusOf(target)) === null) throw cause
      await this.#removeAt(target)
      await rename(source, target)
    }
    // With a folder all that is below it has come and gone, and a folder may have taken the place of an empty one.
    if (this.#real.has(source) || this.#real.has(target)) this.#forgetFolders()
  }

  /** Removes a file, or a folder with all that is in it. Nothing happens where there is nothing. */
  async remove(path: string): Promise<void> {
    const place = await this.#locate(path)
    // The folder itself stays: a backup without it would be none.
    if (place !== this.#tree) return this.#removeAt(place)
    for (const name of await readdir(place)) await this.#removeAt(join(place, name))
  }

  /** Copies a file, or a folder with all that is in it. Links and other oddities are left out. */
  async copy(from: string, to: string): Promise<void> {
    const source = await this.#locate(from)
    await this.#refuseLink(source, from)
    const target = await this.#locateNew(to)
    if (within(source, target) || within(target, source)) throw systemError('EINVAL', to)
    await this.#copyAt(source, target)
  }

  /**
   * Resolves when nothing is at work in the folder any more, with what the file system could not make durable of files that were written whole;
   * null when there is no such thing.
   */
  settled(): Promise<NotDurable | null> {
    return this.#early.settled()
  }

  /**
   * Writes a file, in place of what is there, one at a time; gives its size. What came of one whose content could not be had or written to its end is
   * removed.
   */
  async write(path: string, content: Content): Promise<number> {
    const target = await this.#locateNew(path)
    const beside = this.#beside()
    try {
      const bytes = await this.#writeNew(beside, content)
      await this.#put(beside, target)
      return bytes
    } catch (error) {
      await unlink(beside).catch(() => undefined)
      throw error
    }
  }

  /** A new name in the folder for files that are not whole. */
  #beside(): string {
    this.#written += 1
    return join(this.#incoming, String(this.#written))
  }

  /** Writes a new file; gives its size, which the file system confirms. */
  async #writeNew(path: string, content: Content): Promise<number> {
    const [first, other] = (this.#buffers ??= [
      Buffer.allocUnsafeSlow(bufferBytes),
      Buffer.allocUnsafeSlow(bufferBytes),
    ])
    const bytes = first.subarray(0, await content(first))
    if (bytes.length === first.length) {
      const { handle, bytes: size } = await writeInThread(path, first, { content, other })
      await this.#early.sync(handle)
      return size
    }
    return this.#calls.make(
      () => writeHere(path, bytes),
      async () => {
        const { handle, bytes: size } = await writeInThread(path, bytes)
        await handle.close()
        return size
      },
    )
  }

  async #rename(from: string, to: string): Promise<void> {
    await this.#calls.make(
      () => renameSync(from, to),
      () => rename(from, to),
    )
  }

  async #put(beside: string, target: string): Promise<void> {
    try {
      await this.#rename(beside, target)
    } catch (cause) {
      if ((await statusOf(target))?.isDirectory() !== true) throw cause
      await this.#removeAt(target)
      await rename(beside, target)
    }
  }

  async #copyAt(source: string, target: string): Promise<void> {
    const stats = await lstat(source)
    if (stats.isDirectory()) {
      if ((await statusOf(target))?.isDirectory() !== true) {
        await this.#removeAt(target)
        await mkdir(target, { mode: 0o700 })
      }
      for (const name of await readdir(source)) await this.#copyAt(join(source, name), join(target, name))
    } else if (stats.isFile()) {
      const beside = this.#beside()
      try {
        await copyFile(source, beside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
        await this.#put(beside, target)
      } catch (error) {
        await unlink(beside).catch(() => undefined)
        throw error
      }
    }
  }

  async #removeAt(place: string): Promise<void> {
    try {
      // Most are files, many of them gone already.
      return await unlink(place)
    } catch (cause) {
      const code = systemCodeOf(cause)
      if (code === 'ENOENT') return
      if (code !== 'EISDIR' && code !== 'EPERM' && code !== 'EACCES') throw cause
    }
    this.#forgetFolders()
    const remains = await removeTree(place, { signal: new AbortController().signal })
    if (remains.count > 0) throw systemError(remains.systemCode ?? 'EIO', place)
  }

  /** Throws for a link, and a file system's `ENOENT` where nothing is. */
  async #refuseLink(place: string, path: string): Promise<void> {
    const stats = await this.#calls.make(
      () => lstatSync(place),
      () => lstat(place),
    )
    if (stats.isSymbolicLink()) throw unsafe(path, 'it is a link')
  }

  #forgetFolders(): void {
    this.#real.clear()
    this.#made.clear()
  }

  /** The place of a path, all of whose folders are real ones as far as they are there. */
  async #locate(path: string): Promise<string> {
    let place = this.#tree
    const names = safeNames(path, this.#udid)
    for (const [index, name] of names.entries()) {
      place = join(place, name)
      if (index < names.length - 1 && !(await this.#isReal(place, path))) break
    }
    return join(this.#tree, ...names)
  }

  /** The place of something that is about to be there: the folders above it are made. */
  async #locateNew(path: string): Promise<string> {
    const names = safeNames(path, this.#udid)
    const last = names.at(-1)
    if (last === undefined) throw unsafe(path, 'it is the folder of the backup itself')
    let folder = this.#tree
    for (const name of names.slice(0, -1)) {
      folder = join(folder, name)
      await this.#makeFolder(folder, path)
    }
    return join(folder, last)
  }

  async #makeFolder(folder: string, path: string): Promise<void> {
    if (await this.#isReal(folder, path)) return
    await this.#calls.make(
      () => mkdirSync(folder, { mode: 0o700 }),
      () => mkdir(folder, { mode: 0o700 }),
    )
    this.#real.add(folder)
    this.#made.add(folder)
  }

  /** Whether a folder is there. */
  async #isReal(folder: string, path: string): Promise<boolean> {
    if (this.#real.has(folder)) return true
    const stats = await this.#calls.make(
      () => lstatSync(folder, { throwIfNoEntry: false }) ?? null,
      () => statusOf(folder),
    )
    if (stats === null) return false
    if (stats.isSymbolicLink()) throw unsafe(path, 'a folder above it is a link')
    if (!stats.isDirectory()) throw systemError('ENOTDIR', path)
    this.#real.add(folder)
    return true
  }
}

function listed(name: string, stats: Stats): ListedEntry {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
  return { name, kind, bytes: stats.size, modifiedAt: stats.mtime }
}

function within(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`) || inner.startsWith(`${outer}\\`)
}
