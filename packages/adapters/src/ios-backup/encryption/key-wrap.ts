import { createDecipheriv } from 'node:crypto'

/** The value that tells whether the right key unwrapped: RFC 3394, section 2.2.3.1. */
const integrityValue = Buffer.alloc(8, 0xa6)

/**
 * Unwraps a key after RFC 3394 (AES-256). Null when `wrapped` was not wrapped with `wrappingKey`, or was changed since: a wrong key
 * passes once in 2^64.
 */
export function unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array): Buffer | null {
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) return null
  const decipher = createDecipheriv('id-aes256-wrap', wrappingKey, integrityValue)
  try {
    return Buffer.concat([decipher.update(wrapped), decipher.final()])
  } catch {
    // OpenSSL says it with errors of different names in its versions; there is nothing else that could fail here.
    return null
  }
}
