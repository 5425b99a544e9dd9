import type * as nodeFs from 'node:fs/promises'
import { copyFile, link, lstat, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises'

/** The part of `node:fs/promises` that the attachment files use; a test passes one that fails where it wants. */
export type FileSystem = Pick<
  typeof nodeFs,
  'copyFile' | 'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rmdir' | 'stat' | 'unlink'
>

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
}
