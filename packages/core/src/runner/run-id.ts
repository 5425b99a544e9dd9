/** Bytes before which a dash stands. */
const dashes = new Set([4, 6, 8, 10])
const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A new id for a run: a UUID of version 7, which begins with the time, so that ids sort by age and what is written together lies
 * together in an index (RFC 9562, section 5.7).
 */
export function newRunId(now: number): string {
  const bytes = randomBytes()
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

// One call for many ids: it goes to the system, which takes longer than all the rest.
const pool = new Uint8Array(16 * 128)
let used = pool.length

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  used += 16
  return pool.slice(used - 16, used)
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
