import type * as nodeFs from 'node:fs/promises'
import { copyFile, link, lstat, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { lookAtAll } from '../file-status/look-at-all.js'

/**
 * The part of `node:fs/promises` that the attachment files use, and a way to look at very many paths; a test passes one that fails where
 * it wants.
 */
export type FileSystem = Pick<
  typeof nodeFs,
  'copyFile' | 'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rmdir' | 'stat' | 'unlink'
> & { readonly lookAtAll: typeof lookAtAll }

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  copyFile,
  link,
  lookAtAll,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
}
