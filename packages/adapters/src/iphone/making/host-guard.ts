import { HoldfastError } from '@holdfast/core'

/**
 * Stands between what is going on with a phone and the functions of the host that are told of it. What they throw may come at any moment,
 * in the middle of a farewell too: so nothing of it passes, and the first of it aborts what is going on in the ordinary way.
 */
export class HostGuard {
  readonly #failed = new AbortController()

  /** Aborted when a function of the host threw, with a HoldfastError `STEP_FAILED` whose cause that is. */
  get signal(): AbortSignal {
    return this.#failed.signal
  }

  /** Tells the host something. After it threw once, it is told nothing more. Never throws. */
  tell(act: () => void): void {
    if (this.signal.aborted) return
    try {
      act()
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause)
      this.#failed.abort(
        new HoldfastError(
          'STEP_FAILED',
          `A function of the app that is told of the iPhone failed: ${words}`,
          {
            hint: 'Try again: it goes on with what is there. If it fails so each time, the app has a defect.',
            cause,
          },
        ),
      )
    }
  }
}
