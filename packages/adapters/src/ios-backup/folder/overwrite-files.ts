import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const zeros = Buffer.alloc(256 * 1024)

/**
 * Overwrites every file below a folder with zeros, in chunks, and flushes it. Files that have another name somewhere, and whatever is no
 * file, are left alone: what a link leads to is not the folder's. A file that cannot be overwritten is passed over, because it is about
 * to be removed, which counts for more. On disks that write elsewhere what is overwritten (flash, copy-on-write file systems) the old
 * bytes may stay until the disk needs the room.
 */
export async function overwriteFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => null)
    if (stats?.isDirectory() === true) await overwriteFiles(path)
    else if (stats?.isFile() === true && stats.nlink === 1) await overwrite(path).catch(() => undefined)
  }
}

async function overwrite(path: string): Promise<void> {
  const file: FileHandle = await open(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const { size } = await file.stat()
    for (let at = 0; at < size; ) {
      const { bytesWritten } = await file.write(zeros, 0, Math.min(zeros.length, size - at), at)
      at += bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
