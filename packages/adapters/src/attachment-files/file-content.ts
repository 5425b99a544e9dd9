import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { ContentDigest } from '@holdfast/core/import'
import { fileWork } from './file-errors.js'
import type { Way } from './file-jobs.js'
import type { FileSystem } from './file-system.js'

/** Mode of the files that are made: what they hold is the user's alone. */
const privateFile = 0o600

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

/** Makes the content of a file that came in `way` survive a power cut. */
export async function syncFile(fs: FileSystem, path: string, way: Way): Promise<void> {
  // Windows flushes only through a handle that may write; elsewhere a link may be a file that nobody may write.
  const handle = await fs.open(path, way === 'link' && process.platform !== 'win32' ? 'r' : 'r+')
  try {
    // A clone got its mode after its content.
    if (way === 'clone') await handle.sync()
    else await handle.datasync()
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, offset)
    offset += bytesWritten
  }
}
