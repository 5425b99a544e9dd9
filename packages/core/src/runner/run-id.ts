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
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
