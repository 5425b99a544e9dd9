import { closeSync, fstatSync, openSync, type Stats, writevSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { systemError } from './system-error.js'

/** Writes a small file, all of whose pieces are there; gives its size. */
export function writeHere(path: string, pieces: readonly Buffer[]): number {
  const file = openSync(path, 'wx', 0o600)
  try {
    for (let left = pieces; left.length > 0; ) left = rest(left, writevSync(file, left), path)
    return checked(fstatSync(file), sizeOf(pieces), path)
  } finally {
    // A file system may tell only now that it could not keep what was written.
    closeSync(file)
  }
}

/** Writes a file whose pieces come one group after the other; gives its size. */
export async function writeInThread(
  path: string,
  groups: readonly (readonly Buffer[])[],
  more: AsyncIterator<readonly Buffer[]> | null = null,
): Promise<number> {
  const handle: FileHandle = await open(path, 'wx', 0o600)
  let bytes = 0
  const write = async (pieces: readonly Buffer[]): Promise<void> => {
    bytes += sizeOf(pieces)
    for (let left = pieces; left.length > 0; ) {
      left = rest(left, (await handle.writev([...left])).bytesWritten, path)
    }
  }
  try {
    for (const pieces of groups) await write(pieces)
    for (let next = await more?.next(); next !== undefined && next.done !== true; next = await more?.next()) {
      await write(next.value)
    }
    return checked(await handle.stat(), bytes, path)
  } finally {
    await handle.close()
  }
}

/** What is left to be written: a write may take a part only, and then the file system says why when the rest is tried. */
function rest(pieces: readonly Buffer[], written: number, path: string): readonly Buffer[] {
  const left = behind(pieces, written)
  if (written === 0 && left.length > 0) throw systemError('EIO', path)
  return left
}

function checked({ size }: Stats, bytes: number, path: string): number {
  if (size !== bytes) throw systemError('EIO', path)
  return size
}

function sizeOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function behind(pieces: readonly Buffer[], count: number): readonly Buffer[] {
  let at = count
  const left: Buffer[] = []
  for (const piece of pieces) {
    if (at < piece.length) left.push(piece.subarray(at))
    at = Math.max(0, at - piece.length)
  }
  return left
}
