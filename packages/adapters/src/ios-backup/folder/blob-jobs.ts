import type * as NodeCrypto from 'node:crypto'
import type * as NodeFs from 'node:fs'
import type { ContentDigest } from '@holdfast/core/import'
import type { Failure } from '../../threads/serve-jobs.js'
import type { openFileCipher } from '../encryption/file-cipher.js'

/**
 * What a thread does with a file of a backup; without a key it is read as it is. To be given, a file is `open`ed, then `more` of it is
 * asked for until it ended, or nobody wants it. To be hashed, or copied and hashed, is one job, until `stop` holds anything but 0.
 */
export type BlobJob =
  | {
      readonly kind: 'open'
      /** Tells the files that are open at a time apart. */
      readonly file: number
      readonly path: string
      readonly key: Uint8Array
    }
  | { readonly kind: 'more' | 'close'; readonly file: number }
  | {
      readonly kind: 'hash'
      readonly path: string
      readonly key: Uint8Array | null
      /** Where the content is written as well: a file that is not there yet; null where it is only hashed. */
      readonly target: string | null
      readonly stop: Int32Array
    }

/** What came of it. A file that ended or failed is closed; what fails while the backup is read is thrown. */
export type BlobResult =
  /** The content that comes next, each piece in memory of its own. */
  | { readonly kind: 'pieces'; readonly pieces: readonly Uint8Array[]; readonly ended: boolean }
  | { readonly kind: 'hashed'; readonly digest: ContentDigest }
  /** The target could not be made or written. */
  | { readonly kind: 'refused'; readonly failure: Failure }

/** What a thread has of Node. */
export interface BlobTools {
  readonly fs: Pick<typeof NodeFs, 'openSync' | 'readSync' | 'writeSync' | 'closeSync' | 'constants'>
  readonly crypto: Pick<typeof NodeCrypto, 'createDecipheriv' | 'createHash'>
  readonly openCipher: typeof openFileCipher
}

/**
 * The work of a thread: reads, decrypts, hashes and copies files of a backup. Links are not followed. The disk is waited for: nothing
 * else is to be done in this thread.
 *
 * It names nothing but what it is given: its text is part of the program of the threads.
 */
export function blobJobs({ fs, crypto, openCipher }: BlobTools): (job: BlobJob) => BlobResult {
  // What is used here and forgotten is decrypted in pieces that stay in the processor's cache. What is given away is one piece: whoever
  // writes it to a disk waits for each write, which takes longer than getting memory for a larger piece.
  const usedPieceBytes = 64 * 1024
  const buffer = new Uint8Array(256 * 1024)
  const privateFile = 0o600
  const files = new Map<number, { descriptor: number; cipher: ReturnType<typeof openFileCipher> }>()

  /** The flag is undefined on Windows. */
  const open = (path: string): number =>
    fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0))

  function close(file: number): void {
    const opened = files.get(file)
    files.delete(file)
    if (opened !== undefined) fs.closeSync(opened.descriptor)
  }

  /** Fills the buffer from where the file stands; fewer bytes mean that it ended. */
  function fill(descriptor: number): number {
    let filled = 0
    for (;;) {
      const read = fs.readSync(descriptor, buffer, filled, buffer.length - filled, null)
      filled += read
      if (read === 0 || filled === buffer.length) return filled
    }
  }

  function more(file: number): BlobResult {
    const opened = files.get(file)
    if (opened === undefined) return { kind: 'pieces', pieces: [], ended: true }
    try {
      const { descriptor, cipher } = opened
      const filled = fill(descriptor)
      const ended = filled < buffer.length
      const found = [cipher.update(buffer.subarray(0, filled)), ended ? cipher.end() : null]
      if (ended) close(file)
      const pieces = found.flatMap((piece) => (piece === null || piece.length === 0 ? [] : [piece]))
      return { kind: 'pieces', pieces, ended }
    } catch (thrown) {
      close(file)
      throw thrown
    }
  }

  /** Gives the content of a file piece by piece; each is overwritten by the next. */
  function* contentOf(
    descriptor: number,
    key: Uint8Array | null,
    stop: Int32Array,
  ): Generator<Uint8Array, void, undefined> {
    const cipher = key === null ? null : openCipher(crypto, key)
    for (let ended = false; !ended; ) {
      if (Atomics.load(stop, 0) !== 0)
        throw Object.assign(new Error('The work was given up'), { code: 'ABORT_ERR' })
      const filled = fill(descriptor)
      ended = filled < buffer.length
      if (cipher === null) {
        yield buffer.subarray(0, filled)
        continue
      }
      for (let at = 0; at < filled; at += usedPieceBytes) {
        const plain = cipher.update(buffer.subarray(at, Math.min(at + usedPieceBytes, filled)))
        if (plain !== null) yield plain
      }
    }
    if (cipher !== null) yield cipher.end()
  }

  function writeAll(descriptor: number, content: Uint8Array): void {
    for (let at = 0; at < content.length; ) at += fs.writeSync(descriptor, content, at)
  }

  function hash({ path, key, target, stop }: Extract<BlobJob, { kind: 'hash' }>): BlobResult {
    let refused: unknown = null
    /** Does something with the target, and remembers what fails there: that is no fault of the backup. */
    const atTarget = <Value>(work: () => Value): Value => {
      try {
        return work()
      } catch (thrown) {
        refused = thrown
        throw thrown
      }
    }
    const from = open(path)
    let to: number | null = null
    try {
      if (target !== null) to = atTarget(() => fs.openSync(target, 'wx', privateFile))
      const made = to
      const sum = crypto.createHash('sha256')
      let bytes = 0
      for (const plain of contentOf(from, key, stop)) {
        sum.update(plain)
        bytes += plain.length
        if (made !== null) atTarget(() => writeAll(made, plain))
      }
      to = null
      if (made !== null) atTarget(() => fs.closeSync(made))
      return { kind: 'hashed', digest: { sha256: sum.digest('hex'), bytes } }
    } catch (thrown) {
      if (thrown !== refused || !(thrown instanceof Error)) throw thrown
      const code = 'code' in thrown ? String(thrown.code) : null
      return { kind: 'refused', failure: { message: thrown.message, code } }
    } finally {
      fs.closeSync(from)
      if (to !== null) fs.closeSync(to)
    }
  }

  return (job) => {
    if (job.kind === 'hash') return hash(job)
    const { kind, file } = job
    if (kind === 'close') {
      close(file)
      return { kind: 'pieces', pieces: [], ended: true }
    }
    if (kind === 'open') {
      const cipher = openCipher(crypto, job.key)
      files.set(file, { descriptor: open(job.path), cipher })
    }
    return more(file)
  }
}

/** The memory of a result, which is given away. It names nothing but what it is given, as {@link blobJobs}. */
export function memoryOfBlob(result: BlobResult): readonly ArrayBuffer[] {
  if (result.kind !== 'pieces') return []
  return result.pieces.map(({ buffer }) => buffer).filter((each) => each instanceof ArrayBuffer)
}
