/** Bytes before which a dash stands. */
const dashes = new Set([4, 6, 8, 10])
const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A new id for a run: a UUID of version 7, which begins with the time, so that ids sort by age and what is written together lies
 * together in an index (RFC 9562, section 5.7).
 */
export function newRunId(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  let rest = Math.max(0, Math.floor(now))
  for (let index = 5; index >= 0; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes[6] = 0x70 | (at(bytes, 6) & 0x0f)
  bytes[8] = 0x80 | (at(bytes, 8) & 0x3f)
  let id = ''
  for (const [index, byte] of bytes.entries()) id += `${dashes.has(index) ? '-' : ''}${hexOf[byte] ?? ''}`
  return id
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
