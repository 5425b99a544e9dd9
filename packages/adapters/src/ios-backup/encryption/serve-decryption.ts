import type * as NodeCrypto from 'node:crypto'
import type * as NodeFs from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import type { ContentDigest } from '@holdfast/core/import'
import type { openFileCipher } from './file-cipher.js'

/** What a decrypting thread is asked: each file is `open`ed, then `more` of it is asked for until it ended, or nobody wants it. */
export type Question =
  | {
      readonly ask: 'open'
      /** Tells the files that are open at a time apart. */
      readonly file: number
      readonly path: string
      readonly key: Uint8Array
      /** Whether the content is to be hashed, and not given. */
      readonly digest: boolean
    }
  | { readonly ask: 'more' | 'close'; readonly file: number }

/** What it answers to `open` and to `more`. A file that ended or failed is closed. */
export type Answer =
  | {
      readonly file: number
      /** The content that comes next, each piece in memory of its own. */
      readonly pieces: readonly Uint8Array[]
      readonly ended: boolean
      /** Of all content, when it was asked for and the file ended. */
      readonly digest: ContentDigest | null
    }
  | { readonly file: number; readonly failure: { readonly message: string; readonly code: string | null } }

/** What the thread has of Node. */
export interface ThreadModules {
  readonly fs: Pick<typeof NodeFs, 'openSync' | 'readSync' | 'closeSync' | 'constants'>
  readonly crypto: Pick<typeof NodeCrypto, 'createDecipheriv' | 'createHash'>
  readonly openCipher: typeof openFileCipher
}

/**
 * The work of a decrypting thread: reads, decrypts and hashes files, a stretch at a time, so that whoever asks says how fast, and can
 * stop. Links are not followed. The disk is waited for: nothing else is to be done in this thread.
 *
 * It names nothing but what it is given: its text is part of the program of the decrypting threads.
 */
export function serveDecryption(port: Pick<MessagePort, 'on' | 'postMessage'>, modules: ThreadModules): void {
  const { fs, crypto, openCipher } = modules
  // What is hashed here and forgotten is decrypted in pieces that stay in the processor's cache. What is given away is one piece: whoever
  // writes it to a disk waits for each write, which takes longer than getting memory for a larger piece.
  const hashedPieceBytes = 64 * 1024
  const buffer = new Uint8Array(256 * 1024)
  /** How much content is hashed before the next question is looked at. */
  const hashedBuffers = 16
  const files = new Map<number, ReturnType<typeof open>>()

  function open(path: string, key: Uint8Array, digest: boolean) {
    const cipher = openCipher(crypto, key)
    const hash = digest ? crypto.createHash('sha256') : null
    // The flag is undefined on Windows.
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0))
    return { descriptor, cipher, hash, bytes: 0 }
  }

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

  function advance(file: number, opened: ReturnType<typeof open>): Answer {
    const { descriptor, cipher, hash } = opened
    const pieces: Uint8Array[] = []
    const take = (plain: Uint8Array | null): void => {
      if (plain === null || plain.length === 0) return
      opened.bytes += plain.length
      if (hash === null) pieces.push(plain)
      else hash.update(plain)
    }
    for (let turn = 0; turn < (hash === null ? 1 : hashedBuffers); turn++) {
      const filled = fill(descriptor)
      const pieceBytes = hash === null ? buffer.length : hashedPieceBytes
      for (let at = 0; at < filled; at += pieceBytes) {
        take(cipher.update(buffer.subarray(at, Math.min(at + pieceBytes, filled))))
      }
      if (filled === buffer.length) continue
      take(cipher.end())
      close(file)
      const digest = hash === null ? null : { sha256: hash.digest('hex'), bytes: opened.bytes }
      return { file, pieces, ended: true, digest }
    }
    return { file, pieces, ended: false, digest: null }
  }

  port.on('message', (question: Question) => {
    const { ask, file } = question
    try {
      if (ask === 'close') return close(file)
      if (ask === 'open') files.set(file, open(question.path, question.key, question.digest))
      const opened = files.get(file)
      if (opened === undefined) return
      const answer = advance(file, opened)
      const memory = 'pieces' in answer ? answer.pieces.map(({ buffer: whole }) => whole) : []
      port.postMessage(
        answer,
        memory.filter((each) => each instanceof ArrayBuffer),
      )
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      const code = 'code' in error && typeof error.code === 'string' ? error.code : null
      try {
        close(file)
      } finally {
        port.postMessage({ file, failure: { message: error.message, code } } satisfies Answer)
      }
    }
  })
}
