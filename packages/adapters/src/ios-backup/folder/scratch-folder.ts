import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'

/**
 * A private folder (mode 0700, files 0600) for copies of databases that cannot be opened where they are. It is made when the first
 * copy is, inside `parent`, or in the system's folder for temporary files when that is null, and goes with {@link remove}.
 */
export class ScratchFolder {
  readonly #parent: string | null
  #path: string | null = null

  constructor(parent: string | null) {
    this.#parent = parent
  }

  /**
   * Copies a file into the folder; resolves with the path of the copy.
   *
   * @throws HoldfastError `DISK_FULL`, `DESTINATION_UNWRITABLE`.
   */
  async copy(source: string, name: string): Promise<string> {
    try {
      this.#path ??= await this.#make()
      const target = join(this.#path, name)
      // Where the file system can share blocks, a copy of a gigabyte takes no time and no space.
      await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      // The copy has the mode of the source, which may be read-only or readable to all.
      await chmod(target, 0o600)
      return target
    } catch (cause) {
      throw copyError(cause, this.#parent)
    }
  }

  /** Removes the folder and all copies; they must be closed. Repeat calls are safe. */
  async remove(): Promise<void> {
    if (this.#path === null) return
    await rm(this.#path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    this.#path = null
  }

  async #make(): Promise<string> {
    const parent = this.#parent ?? tmpdir()
    await mkdir(parent, { recursive: true, mode: 0o700 })
    return mkdtemp(join(parent, 'holdfast-scratch-'))
  }
}

function copyError(cause: unknown, parent: string | null): HoldfastError {
  const systemCode = systemCodeOf(cause)
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new HoldfastError('DISK_FULL', 'There is no room for a private copy of a database of the backup', {
      hint: `Free some space in ${parent ?? tmpdir()}, or name a roomier scratch folder.`,
      cause,
      facts: { systemCode },
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
