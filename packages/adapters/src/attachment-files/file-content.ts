import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { systemCodeOf } from '@holdfast/core'
import type { ContentDigest } from '@holdfast/core/import'
import { fileWork } from './file-errors.js'
import type { FileSystem } from './file-system.js'

/** Mode of the files that are made: what they hold is the user's alone. */
const privateFile = 0o600

const readBytes = 256 * 1024

/** What a path that leads to no regular file answers, on the systems that we know. */
const noFile = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EMLINK'])

/**
 * Streams content into a new file and hashes it on the way. Not yet durable. The file is gone when it throws.
 *
 * @throws what `content` throws, and the signal's reason, unchanged; HoldfastError for what the file system refuses.
 */
export async function writeContent(
  fs: FileSystem,
  path: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ContentDigest> {
  const doing = 'writing an attachment'
  const hash = createHash('sha256')
  let bytes = 0
  const handle = await fileWork(doing, path, () => fs.open(path, 'wx', privateFile))
  try {
    try {
      for await (const chunk of content) {
        signal.throwIfAborted()
        hash.update(chunk)
        bytes += chunk.length
        await fileWork(doing, path, () => writeAll(handle, chunk))
      }
      signal.throwIfAborted()
    } finally {
      await fileWork(doing, path, () => handle.close())
    }
  } catch (thrown) {
    // The first failure is the one to tell; a file that stays is removed by the next sweep.
    await fs.unlink(path).catch(() => undefined)
    throw thrown
  }
  return { sha256: hash.digest('hex'), bytes }
}

/** Makes the content of a file survive a power cut. */
export async function syncFile(fs: FileSystem, path: string): Promise<void> {
  // Windows flushes only through a handle that may write.
  const handle = await fs.open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Hashes a file, streamed; null when the path leads to no regular file. Links are not followed. */
export async function digestFile(
  fs: FileSystem,
  path: string,
  signal: AbortSignal,
): Promise<ContentDigest | null> {
  const handle = await openRegular(fs, path)
  if (handle === null) return null
  try {
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(readBytes)
    let bytes = 0
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await fileWork('reading an attachment', path, () => handle.read(buffer))
      if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes }
      hash.update(buffer.subarray(0, bytesRead))
      bytes += bytesRead
    }
  } finally {
    await handle.close()
  }
}

async function openRegular(fs: FileSystem, path: string): Promise<FileHandle | null> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK a named pipe in a file's place would wait for its other end for ever. Windows has neither flag.
    handle = await fs.open(
      path,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    )
  } catch (thrown) {
    if (noFile.has(systemCodeOf(thrown) ?? '')) return null
    return fileWork('reading an attachment', path, () => Promise.reject(thrown))
  }
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  return null
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, offset)
    offset += bytesWritten
  }
}
