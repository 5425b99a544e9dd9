import type { Clock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'
import type { RunView, RunViewSnapshot } from './run-view.js'

/** How runs are told of. */
export interface Telling {
  readonly clock: Clock
  /** Least milliseconds between two notifications of progress. */
  readonly progressInterval: number
  /** Told what a listener threw: one that throws must not stop a run. */
  readonly onListenerError: (error: unknown) => void
}

/** The external store of a run: makes a snapshot when somebody looks, and tells of changes at once, of progress at a bearable rate. */
export class ViewStore implements RunView {
  readonly #source: { read(): RunViewSnapshot }
  readonly #telling: Telling
  /** Another array at each change: whoever is being told is told all the same. A listener that subscribes twice is told twice. */
  #listeners: readonly { readonly listener: () => void }[] = []
  #snapshot: RunViewSnapshot | null = null
  #toldAt = 0
  #isDue = false

  /** `source` makes the view of the present state. */
  constructor(source: { read(): RunViewSnapshot }, telling: Telling) {
    this.#source = source
    this.#telling = telling
  }

  // Both are handed around without their object: `useSyncExternalStore(view.subscribe, view.getSnapshot)`.
  readonly subscribe = (listener: () => void): (() => void) => {
    const added = { listener }
    this.#listeners = [...this.#listeners, added]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== added)
    }
  }

  readonly getSnapshot = (): RunViewSnapshot => {
    this.#snapshot ??= this.#source.read()
    return this.#snapshot
  }

  /** Something changed: everybody is told now. */
  changed(): void {
    this.#snapshot = null
    this.#toldAt = this.#telling.clock.now()
    for (const { listener } of this.#listeners) {
      try {
        listener()
      } catch (error) {
        this.#telling.onListenerError(error)
      }
    }
  }

  /** Progress changed: everybody is told when the interval has passed, after `before` was called. */
  progressed(before: () => void): void {
    if (this.#isDue) return
    this.#isDue = true
    const { clock, progressInterval } = this.#telling
    const tell = (): void => {
      this.#isDue = false
      before()
      this.changed()
    }
    // A clock that was set back must not keep progress from being told.
    atDeadline(clock, this.#toldAt + progressInterval, tell, progressInterval)
  }
}
