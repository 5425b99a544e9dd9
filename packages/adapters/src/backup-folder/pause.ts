import { setTimeout } from 'node:timers/promises'

const slice = 100

/**
 * Waits, in slices between which the signal is looked at: dozens of pauses at once would be dozens of listeners on one signal, of
 * which Node warns as of a leak.
 *
 * @throws the signal's reason.
 */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  for (let left = milliseconds; left > 0; left -= slice) {
    await setTimeout(Math.min(left, slice))
    signal.throwIfAborted()
  }
}
