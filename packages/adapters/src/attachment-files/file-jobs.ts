import type { createHash } from 'node:crypto'
import type { constants } from 'node:fs'
import type { ContentDigest } from '@holdfast/core/import'

/**
 * How the content of a file came in. `clone`: as a file of its own that shares its blocks on the disk until one of them is changed.
 * `link`: as another name of the same file. `copy`: byte by byte.
 */
export type Way = 'clone' | 'link' | 'copy'

/** Work on one file. */
export type FileJob =
  | {
      readonly kind: 'take'
      /** The file to be taken in; links are not followed. */
      readonly source: string
      /** What is made of it: nothing is there yet. */
      readonly target: string
      /** Ways that may be tried before it is copied. */
      readonly ways: readonly Way[]
    }
  | {
      readonly kind: 'digest'
      readonly path: string
      /** A path that may lead to the very same file; null when nobody asks. */
      readonly twin: string | null
    }

/** What came of it: how the content came in and whether it survives a power cut already, or whether the twin is the same file. */
export type JobResult = ContentDigest & {
  readonly way: Way | null
  readonly isDurable: boolean
  readonly isTwin: boolean
}

/** Status of a file, with numbers that are exact on every system. */
export interface FileStatus {
  readonly dev: bigint
  readonly ino: bigint
  readonly nlink: bigint
  readonly uid: bigint
  isFile(): boolean
}

/** A file that is open. `node:fs/promises` gives one that fits. */
export interface JobFile {
  stat(options: { readonly bigint: true }): Promise<FileStatus>
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: null,
  ): Promise<{ readonly bytesRead: number }>
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>
  chmod(mode: number): Promise<void>
  sync(): Promise<void>
  datasync(): Promise<void>
  close(): Promise<void>
}

/** The calls that jobs consist of. `node:fs/promises` fits. */
export interface JobFiles {
  open(path: string, flags: string | number, mode?: number): Promise<JobFile>
  lstat(path: string, options: { readonly bigint: true }): Promise<FileStatus>
  copyFile(from: string, to: string, mode: number): Promise<void>
  link(from: string, to: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

/** What else jobs need of Node. */
export interface JobTools {
  readonly createHash: typeof createHash
  readonly constants: typeof constants
  /** The user whose files may be linked: a file of somebody else would be theirs for ever. Null where there are no such numbers. */
  readonly user: number | null
  /** Whether a file can be made durable that was opened for reading alone. Not on Windows. */
  readonly syncsWhatIsRead: boolean
}

/** What of this process jobs depend on. */
export function jobSystem(): Pick<JobTools, 'user' | 'syncsWhatIsRead'> {
  return { user: process.getuid?.() ?? null, syncsWhatIsRead: process.platform !== 'win32' }
}

/**
 * Does jobs on files: takes one in, durably where that can be done at once, or hashes one as it is on disk. Resolves with null when there is no regular file, and when the
 * source of a `take` cannot be read: whose it is knows better what is wrong with it. Of a failed `take` nothing is left. `onWait` is called
 * when all that is left to do is to wait for the disk to say that a file is durable.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 *
 * @throws what the file system refuses; an error of code `ABORT_ERR`, between two pieces, once `stopped` says so.
 */
export function fileJobs(
  files: JobFiles,
  { createHash, constants, user, syncsWhatIsRead }: JobTools,
): (job: FileJob, stopped: () => boolean, onWait?: () => void) => Promise<JobResult | null> {
  const pieceBytes = 256 * 1024
  const privateFile = 0o600
  // What a path that leads to no regular file answers, on the systems that we know.
  const noFile = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EMLINK'])
  // What a file system answers that cannot do it, or not between these places, or not with this file.
  const cannot = new Set([
    'ENOTSUP',
    'EOPNOTSUPP',
    'ENOSYS',
    'ENOTTY',
    'EXDEV',
    'EINVAL',
    'EPERM',
    'EACCES',
    'EMLINK',
  ])
  // Memory of this size is had from the system each time, which takes about as long as reading it full.
  const spare: Uint8Array[] = []
  /** Volumes whose files cannot be cloned into the folder. */
  const withoutClones = new Set<bigint>()

  const codeOf = (thrown: unknown): string =>
    thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''

  async function openRegular(path: string): Promise<{ file: JobFile; status: FileStatus } | null> {
    // Without O_NONBLOCK a named pipe in a file's place would wait for its other end for ever. Windows has neither flag.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    let file: JobFile
    try {
      file = await files.open(path, flags)
    } catch (thrown) {
      if (noFile.has(codeOf(thrown))) return null
      throw thrown
    }
    try {
      const status = await file.stat({ bigint: true })
      if (status.isFile()) return { file, status }
    } catch (thrown) {
      await file.close()
      throw thrown
    }
    await file.close()
    return null
  }

  async function writeAll(to: JobFile, buffer: Uint8Array, length: number): Promise<void> {
    for (let written = 0; written < length; ) {
      written += (await to.write(buffer, written, length - written)).bytesWritten
    }
  }

  /** Hashes an open file to its end, and writes what it reads into another. Null when it cannot be read. */
  async function pour(
    from: JobFile,
    to: JobFile | null,
    stopped: () => boolean,
    onUnreadable: (thrown: unknown) => null,
  ): Promise<ContentDigest | null> {
    const hash = createHash('sha256')
    const buffer = spare.pop() ?? new Uint8Array(pieceBytes)
    try {
      for (let bytes = 0; ; ) {
        if (stopped()) throw Object.assign(new Error('The work was given up'), { code: 'ABORT_ERR' })
        let read: number
        try {
          read = (await from.read(buffer, 0, buffer.length, null)).bytesRead
        } catch (thrown) {
          return onUnreadable(thrown)
        }
        if (read === 0) return { sha256: hash.digest('hex'), bytes }
        hash.update(buffer.subarray(0, read))
        if (to !== null) await writeAll(to, buffer, read)
        bytes += read
      }
    } finally {
      spare.push(buffer)
    }
  }

  async function tryClone(source: string, target: string, volume: bigint): Promise<boolean> {
    if (withoutClones.has(volume)) return false
    try {
      await files.copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
      return true
    } catch (thrown) {
      if (!cannot.has(codeOf(thrown))) throw thrown
      withoutClones.add(volume)
      return false
    }
  }

  /** A file with a further name outlives the backup by that name, and one of another user is not ours to keep: neither is linked. */
  async function tryLink(source: string, target: string, status: FileStatus): Promise<boolean> {
    if (status.nlink !== 1n || (user !== null && status.uid !== BigInt(user))) return false
    try {
      await files.link(source, target)
    } catch (thrown) {
      if (!cannot.has(codeOf(thrown))) throw thrown
      return false
    }
    const made = await files.lstat(target, { bigint: true })
    if (made.isFile() && made.dev === status.dev && made.ino === status.ino) return true
    // Something else had taken the place of the file that is open here.
    await files.unlink(target)
    return false
  }

  /** Hashes what has come in, or comes in now, and makes it durable where this file can be. Null when it cannot be read. */
  async function receive(
    from: JobFile,
    to: JobFile | null,
    way: Way,
    { stopped, onWait }: { readonly stopped: () => boolean; readonly onWait: () => void },
  ): Promise<JobResult | null> {
    const held = await pour(from, to, stopped, () => null)
    if (held === null) return null
    const isDurable = to !== null || syncsWhatIsRead
    onWait()
    if (isDurable) await (way === 'clone' ? from.sync() : (to ?? from).datasync()) // A clone got its mode after its content.
    return { ...held, way, isDurable, isTwin: false }
  }

  async function take(
    { source, target, ways }: Extract<FileJob, { kind: 'take' }>,
    how: { readonly stopped: () => boolean; readonly onWait: () => void },
  ): Promise<JobResult | null> {
    let opened: Awaited<ReturnType<typeof openRegular>>
    try {
      opened = await openRegular(source)
    } catch {
      return null
    }
    if (opened === null) return null
    const { file, status } = opened
    let taken: JobResult | null = null
    try {
      let way: Way = 'copy'
      if (ways.includes('clone') && (await tryClone(source, target, status.dev))) way = 'clone'
      else if (ways.includes('link') && (await tryLink(source, target, status))) way = 'link'
      if (way === 'link') taken = await receive(file, null, way, how)
      else {
        const made = await files.open(target, way === 'clone' ? 'r' : 'wx', privateFile)
        try {
          // A clone has the mode of its source, and is hashed itself: nothing says that the source is still the same.
          if (way === 'clone') await made.chmod(privateFile)
          taken = await (way === 'clone' ? receive(made, null, way, how) : receive(file, made, way, how))
        } finally {
          await made.close()
        }
      }
      return taken
    } finally {
      await file.close()
      // What it failed with is told, and not that something stays, which the next sweep removes.
      if (taken === null) await files.unlink(target).catch(() => undefined)
    }
  }

  async function hashFile(
    { path, twin }: Extract<FileJob, { kind: 'digest' }>,
    stopped: () => boolean,
  ): Promise<JobResult | null> {
    const opened = await openRegular(path)
    if (opened === null) return null
    const { file, status } = opened
    try {
      const held = await pour(file, null, stopped, (thrown) => {
        throw thrown
      })
      if (held === null) return null
      return { ...held, way: null, isDurable: false, isTwin: twin !== null && (await isSame(status, twin)) }
    } finally {
      await file.close()
    }
  }

  async function isSame(status: FileStatus, path: string): Promise<boolean> {
    try {
      const other = await files.lstat(path, { bigint: true })
      return other.dev === status.dev && other.ino === status.ino
    } catch {
      return false
    }
  }

  return (job, stopped, onWait = () => undefined) =>
    job.kind === 'take' ? take(job, { stopped, onWait }) : hashFile(job, stopped)
}
