/** How fast something goes. */
export interface PaceReading {
  /** Units a second, lately; null while too little is known. */
  readonly rate: number | null
  /** Milliseconds until the total is reached at that rate; null while that cannot be told. */
  readonly left: number | null
}

/** Milliseconds that "lately" goes back: long enough to be calm, short enough to notice a slow stretch. */
const memory = 4000

/** Milliseconds before a first rate is worth showing. */
const patience = 300

/** Measures the pace of a count that grows. What was done before the first sample does not count: a retry begins in the middle. */
export class Pace {
  readonly #samples: { readonly at: number; readonly done: number }[] = []

  /** Takes note of a count at a moment in milliseconds. */
  sample(at: number, done: number): void {
    this.#samples.push({ at, done })
    // The oldest one stays until the second oldest is old enough, so that there is always a span to measure.
    while ((this.#samples[1]?.at ?? at) <= at - memory) this.#samples.shift()
  }

  /** The pace at a moment, which may be later than the last sample: then nothing came meanwhile, and the rate sinks. */
  read(at: number, total: number | null): PaceReading {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined) return { rate: null, left: null }
    const elapsed = at - first.at
    if (elapsed < patience || last.done === first.done) return { rate: null, left: null }
    const rate = ((last.done - first.done) / elapsed) * 1000
    return { rate, left: total === null ? null : (Math.max(0, total - last.done) / rate) * 1000 }
  }
}
