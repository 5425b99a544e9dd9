import { constants } from 'node:fs'
import { chmod, copyFile, type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull, isFullCode } from '../../disk-space/disk-full.js'
import { recordScratch, removeScratch, type ScratchRemoval } from './scratch-record.js'

/**
 * A private folder (mode 0700, files 0600) for copies of databases that cannot be opened where they are, and for what is decrypted. It
 * is made when the first file is, inside `parent`, or in the system's folder for temporary files when that is null, and goes with
 * {@link remove}; when the process is killed before, a record beside it lets the next one remove it.
 */
export class ScratchFolder {
  readonly #parent: string | null
  readonly #removal: ScratchRemoval
  #path: Promise<string> | null = null

  constructor(parent: string | null, removal: ScratchRemoval = { overwrite: false }) {
    this.#parent = parent
    this.#removal = removal
  }

  /**
   * Copies a file into the folder; resolves with the path of the copy.
   *
   * @throws HoldfastError `DISK_FULL`, `DESTINATION_UNWRITABLE`.
   */
  async copy(source: string, name: string): Promise<string> {
    try {
      const target = join(await this.#make(), name)
      // Where the file system can share blocks, a copy of a gigabyte takes no time and no space.
      await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      // The copy has the mode of the source, which may be read-only or readable to all.
      await chmod(target, 0o600)
      return target
    } catch (cause) {
      const needed = await stat(source).catch(() => null)
      throw scratchError(cause, this.#parent, needed?.size)
    }
  }

  /**
   * Writes a new file into the folder; resolves with its path.
   *
   * @throws HoldfastError `DISK_FULL`, `DESTINATION_UNWRITABLE`, or what `content` throws.
   */
  async write(name: string, content: AsyncIterable<Uint8Array>): Promise<string> {
    let file: FileHandle | null = null
    try {
      const target = join(await this.#make(), name)
      file = await open(target, 'wx', 0o600)
      for await (const chunk of content) await writeAll(file, chunk)
      return target
    } catch (cause) {
      throw scratchError(cause, this.#parent)
    } finally {
      await file?.close()
    }
  }

  /** Removes the folder and all that is in it; databases there must be closed. Repeat calls are safe. */
  async remove(): Promise<void> {
    const made = this.#path
    this.#path = null
    // A folder that could not be made has left a record at most, which the next sweep removes.
    const path = await made?.catch(() => null)
    if (typeof path === 'string') await removeScratch(path, this.#removal)
  }

  #make(): Promise<string> {
    this.#path ??= this.#register()
    return this.#path
  }

  async #register(): Promise<string> {
    const parent = this.#parent ?? tmpdir()
    await mkdir(parent, { recursive: true, mode: 0o700 })
    const path = await recordScratch(parent)
    await mkdir(path, { mode: 0o700 })
    return path
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, offset)
    offset += bytesWritten
  }
}

/** An error of the file system, told as what it means here; anything else unchanged. */
function scratchError(cause: unknown, parent: string | null, bytesNeeded?: number): unknown {
  const systemCode = systemCodeOf(cause)
  if (isHoldfastError(cause) || systemCode === null) return cause
  if (isFullCode(systemCode)) {
    return diskFull('There is no room for a private copy of a database of the backup', {
      hint: `Free some space in ${parent ?? tmpdir()}, or name a roomier scratch folder.`,
      systemCode,
      cause,
      path: parent ?? tmpdir(),
      ...(bytesNeeded === undefined ? {} : { bytesNeeded }),
    })
  }
  return new HoldfastError(
    'DESTINATION_UNWRITABLE',
    'A database of the backup could not be copied into the scratch folder',
    {
      hint: `Check that ${parent ?? tmpdir()} can be written, or name another scratch folder.`,
      cause,
      facts: { systemCode },
    },
  )
}
