import type { Clock } from './clock.js'

// A timeout above 2^31-1 ms fires after 1 ms in Node and browsers; shorter legs also notice sooner that the clock was set.
const longestLeg = 2 ** 31 - 1

/** Calls `callback` once when the clock has reached `due` (unix milliseconds), however far away; returns a function that stops it. */
export function atDeadline(clock: Clock, due: number, callback: () => void): () => void {
  let handle: unknown
  const wait = (): void => {
    const rest = due - clock.now()
    if (rest <= 0) handle = clock.setTimeout(callback, 0)
    else handle = clock.setTimeout(rest > longestLeg ? wait : fireWhenDue, Math.min(rest, longestLeg))
  }
  // A timer may fire a little early, or the wall clock may have been set back meanwhile.
  const fireWhenDue = (): void => (clock.now() >= due ? callback() : wait())
  wait()
  return () => clock.clearTimeout(handle)
}
