import type { Stats } from 'node:fs'
import { chmod, lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises'

/** The file operations that releasing a backup consists of: the place where a test lets a file be busy or a disk be mounted. */
export interface FileOperations {
  /** Status of an entry itself, never of what a link leads to. */
  lstat(path: string): Promise<Stats>
  readdir(path: string): Promise<string[]>
  unlink(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  rename(from: string, to: string): Promise<void>
}

/** Those of Node. */
export const nodeFiles: FileOperations = {
  lstat,
  readdir: (path) => readdir(path),
  unlink,
  rmdir,
  chmod,
  rename,
}
