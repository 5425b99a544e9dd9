import { createDecipheriv } from 'node:crypto'
import { openFileCipher } from './file-cipher.js'

/** Node gives each piece of plaintext memory of its own; pieces above 128 KiB come from the system, which takes three times as long. */
const pieceBytes = 64 * 1024

/**
 * Decrypts ciphertext as it comes, on the event loop; memory stays bounded at any size. Each chunk that it gives is memory of its own.
 */
export async function* decryptChunks(
  ciphertext: AsyncIterable<Uint8Array>,
  key: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const cipher = openFileCipher({ createDecipheriv }, key)
  for await (const chunk of ciphertext) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const plain = cipher.update(chunk.subarray(at, at + pieceBytes))
      if (plain !== null) yield plain
    }
  }
  const rest = cipher.end()
  if (rest.length > 0) yield rest
}
