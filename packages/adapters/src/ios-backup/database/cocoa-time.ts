/** Unix milliseconds of 2001-01-01T00:00:00Z, where Apple's clock starts. */
const cocoaEpoch = 978_307_200_000

/**
 * Values above this are nanoseconds, below it seconds: in seconds it would be the year 33,000, in nanoseconds it is 17 minutes
 * after the epoch. Decided per value, because one database can hold both (rows older than iOS 11 keep their seconds).
 */
const firstNanosecond = 1_000_000_000_001

/**
 * SQL for unix milliseconds of a Cocoa date, rounded down; NULL where it is 0 or NULL. Text and bytes are no dates: what they give is
 * said by `otherwise`. Integers are divided by SQLite
 * itself: nanoseconds exceed 2^53, and a driver that hands them over as JavaScript numbers has rounded them already.
 * Reals may keep a fraction of a millisecond; {@link wholeMillis} takes it off.
 */
export function unixMillisSql(column: string, otherwise = 'NULL'): string {
  // The first case is nearly every row. Division rounds towards zero, so what lies before the epoch is rounded by hand.
  return `CASE
    WHEN ${column} BETWEEN ${firstNanosecond} AND 9223372036854775807 THEN ${column} / 1000000 + ${cocoaEpoch}
    WHEN ${column} IS NULL OR ${column} = 0 THEN NULL
    WHEN typeof(${column}) IN ('text', 'blob') THEN ${otherwise}
    WHEN ${column} > -${firstNanosecond} THEN ${column} * 1000 + ${cocoaEpoch}
    WHEN typeof(${column}) = 'real' THEN ${column} / 1000000 + ${cocoaEpoch}
    ELSE (${column} - (${column} % 1000000 + 1000000) % 1000000) / 1000000 + ${cocoaEpoch} END`
}

/** Unix milliseconds, rounded down, of seconds on Apple's clock. */
export function unixMillis(cocoaSeconds: number): number | null {
  return wholeMillis(cocoaSeconds * 1000 + cocoaEpoch)
}

/**
 * Rounds milliseconds down; null when they are no date that JavaScript can hold. A double cannot hold most milliseconds exactly when
 * it counts seconds, so what lies within a microsecond below a whole millisecond is that millisecond.
 */
export function wholeMillis(millis: number): number | null {
  const whole = Math.floor(millis + 0.001)
  return Math.abs(whole) <= 8_640_000_000_000_000 ? whole : null
}

/** `YYYY-MM-DD` in UTC, where the phone keeps birthdays; null when it is no date of the years 1 to 9999. */
export function isoDate(unixMilliseconds: number): string | null {
  const text = new Date(unixMilliseconds).toISOString()
  return /^\d{4}-/.test(text) && !text.startsWith('0000') ? text.slice(0, 10) : null
}
