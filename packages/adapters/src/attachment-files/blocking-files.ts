import type * as nodeFs from 'node:fs'
import type { JobFile, JobFiles } from './file-jobs.js'

/** What of node:fs is needed. */
export type BlockingCalls = Pick<
  typeof nodeFs,
  | 'closeSync'
  | 'copyFileSync'
  | 'fchmodSync'
  | 'fdatasync'
  | 'fstatSync'
  | 'fsync'
  | 'linkSync'
  | 'lstatSync'
  | 'openSync'
  | 'readSync'
  | 'renameSync'
  | 'unlinkSync'
  | 'writeSync'
>

/**
 * The calls of file jobs as ones that wait for the disk: a tenth of the work of calls that do not, for a thread that has nothing else
 * to do meanwhile. Syncs are not waited for so: they take longest, and a disk answers several together in the time of one.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 */
export function blockingFiles(fs: BlockingCalls): JobFiles {
  const settled = (call: (done: (error: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => call((error) => (error === null ? resolve() : reject(error))))
  const opened = (descriptor: number): JobFile => ({
    stat: async () => fs.fstatSync(descriptor, { bigint: true }),
    read: async (buffer, offset, length) => ({
      bytesRead: fs.readSync(descriptor, buffer, offset, length, null),
    }),
    write: async (buffer, offset, length) => ({
      bytesWritten: fs.writeSync(descriptor, buffer, offset, length),
    }),
    chmod: async (mode) => fs.fchmodSync(descriptor, mode),
    sync: () => settled((done) => fs.fsync(descriptor, done)),
    datasync: () => settled((done) => fs.fdatasync(descriptor, done)),
    close: async () => fs.closeSync(descriptor),
  })
  return {
    open: async (path, flags, mode) => opened(fs.openSync(path, flags, mode)),
    lstat: async (path) => fs.lstatSync(path, { bigint: true }),
    copyFile: async (from, to, mode) => fs.copyFileSync(from, to, mode),
    link: async (from, to) => fs.linkSync(from, to),
    rename: async (from, to) => fs.renameSync(from, to),
    unlink: async (path) => fs.unlinkSync(path),
  }
}
