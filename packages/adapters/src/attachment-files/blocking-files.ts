import type * as nodeFs from 'node:fs'
import type { JobFile, JobFiles } from './file-jobs.js'

/** What of node:fs is needed. */
export type BlockingCalls = Pick<
  typeof nodeFs,
  | 'closeSync'
  | 'copyFileSync'
  | 'fchmodSync'
  | 'fstatSync'
  | 'linkSync'
  | 'lstatSync'
  | 'openSync'
  | 'readSync'
  | 'unlinkSync'
  | 'writeSync'
>

/**
 * The calls of file jobs as ones that wait for the disk: a tenth of the work of calls that do not, for a thread that has nothing else
 * to do meanwhile.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 */
export function blockingFiles(fs: BlockingCalls): JobFiles {
  const opened = (descriptor: number): JobFile => ({
    stat: async () => fs.fstatSync(descriptor, { bigint: true }),
    read: async (buffer, offset, length) => ({
      bytesRead: fs.readSync(descriptor, buffer, offset, length, null),
    }),
    write: async (buffer, offset, length) => ({
      bytesWritten: fs.writeSync(descriptor, buffer, offset, length),
    }),
    chmod: async (mode) => fs.fchmodSync(descriptor, mode),
    close: async () => fs.closeSync(descriptor),
  })
  return {
    open: async (path, flags, mode) => opened(fs.openSync(path, flags, mode)),
    lstat: async (path) => fs.lstatSync(path, { bigint: true }),
    copyFile: async (from, to, mode) => fs.copyFileSync(from, to, mode),
    link: async (from, to) => fs.linkSync(from, to),
    unlink: async (path) => fs.unlinkSync(path),
  }
}
