import { createHash } from 'node:crypto'
import type { ContentDigest } from '@holdfast/core/import'

/** Size and SHA-256 of content, hashed on the event loop as it comes. */
export async function digestChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<ContentDigest> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { sha256: hash.digest('hex'), bytes }
}
