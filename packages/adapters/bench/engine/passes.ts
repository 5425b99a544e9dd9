/** The middle of the values; of an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const high = sorted[Math.floor(sorted.length / 2)]
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  if (high === undefined || low === undefined) throw new Error('there is no median of nothing')
  return (low + high) / 2
}

/** The median, with the least and the greatest beside it. */
export function spread(values: readonly number[], show: (value: number) => string): string {
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`
}

/**
 * Measures several things in turn, pass after pass and every other pass the other way round, so that what the machine does
 * meanwhile falls on all of them alike. The first pass is a warm-up and does not count.
 */
export async function alternate<Name extends string>(
  passes: number,
  measures: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  // The keys of the record are its type's names, and each of them gets a list.
  const names = Object.keys(measures) as Name[]
  const lists = names.map((name): [string, readonly number[]] => [name, []])
  const results = Object.fromEntries(lists) as Record<Name, readonly number[]>
  for (let pass = 0; pass <= passes; pass++) {
    for (const name of pass % 2 === 0 ? names : names.toReversed()) {
      const value = await measures[name]()
      if (pass > 0) results[name] = [...results[name], value]
    }
  }
  return results
}

/** What each pass gave for one thing, divided by what it gave for another. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): readonly number[] {
  return numerators.map((numerator, pass) => numerator / (denominators[pass] ?? Number.NaN))
}
