import { open } from 'node:fs/promises'
import type { ContentDigest } from '@holdfast/core/import'
import { digestChunks } from './digest-chunks.js'

/**
 * Writes content, as it comes, into a new file, for this user alone; resolves with its size and SHA-256. Not durable. When it throws,
 * some of the file may be left.
 *
 * @throws what `chunks` throws, and what the file system refuses, both unchanged.
 */
export async function copyChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  target: string,
): Promise<ContentDigest> {
  const file = await open(target, 'wx', 0o600)
  async function* written(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
      yield chunk
    }
  }
  try {
    return await digestChunks(written())
  } finally {
    await file.close()
  }
}
