import type { Clock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'
import type { RunView, RunViewSnapshot } from './run-view.js'

/** What a {@link ViewStore} needs of its run. */
export interface ViewSource {
  /** Makes the view of the present state. */
  readonly read: () => RunViewSnapshot
  readonly clock: Clock
  /** Least milliseconds between two notifications of progress. */
  readonly progressInterval: number
  /** Told what a listener threw: one that throws must not stop a run. */
  readonly onListenerError: (error: unknown) => void
}

/** The external store of a run: makes a snapshot when somebody looks, and tells of changes at once, of progress at a bearable rate. */
export class ViewStore implements RunView {
  readonly #source: ViewSource
  readonly #listeners = new Set<() => void>()
  #snapshot: RunViewSnapshot | null = null
  #toldAt = 0
  #isDue = false

  constructor(source: ViewSource) {
    this.#source = source
  }

  // Both are handed around without their object: `useSyncExternalStore(view.subscribe, view.getSnapshot)`.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  readonly getSnapshot = (): RunViewSnapshot => {
    this.#snapshot ??= this.#source.read()
    return this.#snapshot
  }

  /** Something changed: everybody is told now. */
  changed(): void {
    this.#snapshot = null
    this.#toldAt = this.#source.clock.now()
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#source.onListenerError(error)
      }
    }
  }

  /** Progress changed: everybody is told when the interval has passed, after `before` was called. */
  progressed(before: () => void): void {
    if (this.#isDue) return
    this.#isDue = true
    const { clock, progressInterval } = this.#source
    const tell = (): void => {
      this.#isDue = false
      before()
      this.changed()
    }
    // A clock that was set back must not keep progress from being told.
    atDeadline(clock, this.#toldAt + progressInterval, tell, progressInterval)
  }
}
