/** Seconds between the Unix epoch and Apple's, 2001-01-01 UTC. */
export const cocoaEpochSeconds = 978_307_200

/** What a `date` column counts: seconds up to iOS 10, nanoseconds from iOS 11 on. */
export type DateUnit = 'seconds' | 'nanoseconds'

/** A moment: unix milliseconds UTC and the nanoseconds below them (0 to 999999). */
export interface Instant {
  readonly ms: number
  readonly nanos: number
}

/** A moment as a date column of sms.db holds it. Nanoseconds exceed 2^53, so they are a bigint. */
export function toDateColumn(instant: Instant, unit: DateUnit): number | bigint {
  if (unit === 'seconds') return Math.floor(instant.ms / 1000) - cocoaEpochSeconds
  return (BigInt(instant.ms) - BigInt(cocoaEpochSeconds) * 1000n) * 1_000_000n + BigInt(instant.nanos)
}

/** Unix milliseconds that are left of a moment once it went through a date column. */
export function throughDateColumn(instant: Instant, unit: DateUnit): number {
  return unit === 'seconds' ? Math.floor(instant.ms / 1000) * 1000 : instant.ms
}

/** Unix milliseconds as whole Cocoa seconds. */
export function toCocoaSeconds(ms: number): number {
  return Math.floor(ms / 1000) - cocoaEpochSeconds
}
