/** What the engine needs of time. It comes in from outside, so that tests turn it by hand. */
export interface Clock {
  /** Unix milliseconds UTC. */
  now(): number
  /** Calls `callback` once after `milliseconds`, at most 2^31-1; returns a handle for `clearTimeout`. */
  setTimeout(callback: () => void, milliseconds: number): unknown
  /** Stops a timer; unknown and spent handles are ignored. */
  clearTimeout(handle: unknown): void
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => globalThis.setTimeout(callback, milliseconds),
  clearTimeout: (handle) => {
    // A handle of this clock is whatever the runtime's setTimeout gave: a number in browsers, an object in Node.
    globalThis.clearTimeout(handle as ReturnType<typeof globalThis.setTimeout>)
  },
}
