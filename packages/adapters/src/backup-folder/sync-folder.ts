import { type FileHandle, open } from 'node:fs/promises'
import { systemCodeOf } from '@holdfast/core'

/** Makes renames and removals in a folder survive a power cut. Windows cannot flush folders and does not need it. */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | null = null
  try {
    folder = await open(path, 'r')
    await folder.sync()
  } catch (cause) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'EBADF', 'ENOTSUP'].includes(systemCodeOf(cause) ?? ''))
      throw cause
  } finally {
    await folder?.close()
  }
}
