import { closeSync, fstatSync, openSync, type Stats, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Content } from './content.js'
import { systemError } from './system-error.js'

/** Writes a small file, all of which is there; gives its size. */
export function writeHere(path: string, bytes: Buffer): number {
  const file = openSync(path, 'wx', 0o600)
  try {
    for (let left = bytes; left.length > 0; ) left = rest(left, writeSync(file, left), path)
    return checked(fstatSync(file), bytes.length, path)
  } finally {
    // A file system may tell only now that it could not keep what was written.
    closeSync(file)
  }
}

/** The file that is written, and its size; to be closed by whoever gets it. */
export interface WrittenFile {
  readonly handle: FileHandle
  readonly bytes: number
}

/**
 * Writes a file, the first bytes of which are there and fill a buffer; the others come while those before them are written, into another
 * buffer of the same size. `more` is null where there are no others.
 */
export async function writeInThread(
  path: string,
  first: Buffer,
  more: { readonly content: Content; readonly other: Buffer } | null = null,
): Promise<WrittenFile> {
  const handle = await open(path, 'wx', 0o600)
  try {
    let bytes = 0
    let [full, free] = [first, more?.other ?? first]
    while (full.length > 0) {
      const writing = writeAll(handle, full, path)
      bytes += full.length
      // Nothing may be at work in a buffer any more when this fails.
      const [written, came] = await Promise.allSettled([writing, more?.content(free) ?? 0])
      if (written.status === 'rejected') throw written.reason
      if (came.status === 'rejected') throw came.reason
      ;[full, free] = [free.subarray(0, came.value), full]
      if (full.length < free.length) {
        await writeAll(handle, full, path)
        bytes += full.length
        break
      }
    }
    return { handle, bytes: checked(await handle.stat(), bytes, path) }
  } catch (error) {
    await handle.close().catch(() => undefined)
    throw error
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, path: string): Promise<void> {
  for (let left = bytes; left.length > 0; ) {
    left = rest(left, (await handle.write(left)).bytesWritten, path)
  }
}

/** What is left to be written: a write may take a part only, and then the file system says why when the rest is tried. */
function rest(bytes: Buffer, written: number, path: string): Buffer {
  if (written === 0) throw systemError('EIO', path)
  return bytes.subarray(written)
}

function checked({ size }: Stats, bytes: number, path: string): number {
  if (size !== bytes) throw systemError('EIO', path)
  return size
}
