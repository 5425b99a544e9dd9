import { HoldfastError } from '../errors/holdfast-error.js'
import type { Run } from './run.js'

/** What became of an attempt to begin a run: the run, or the id of the one that has its key or a resource. */
export type BeginResult =
  | { readonly ok: true; readonly run: Run }
  | { readonly ok: false; readonly by: string }

/** A start that is to wait for its key and its resources. */
export interface QueuedStart {
  readonly key: string
  readonly resources: readonly string[]
  /** Begins the run if all of that is free. */
  readonly begin: () => Promise<BeginResult>
  /** Gives up waiting. */
  readonly signal: AbortSignal | undefined
}

interface Waiting extends QueuedStart {
  readonly settle: (result: { readonly run: Run } | { readonly error: unknown }) => void
  /** The run that it was last refused for; null while it has not been tried. */
  by: string | null
  isTrying: boolean
  /** Whether there was reason to look again while it was being tried. */
  isStale: boolean
  stopWatching: () => void
}

/**
 * Starts that wait until nothing that they need is in use. Of two that need the same, the one that came first begins first.
 * One is tried again when the run that it waits for has let go, and otherwise not: nothing is polled that this process can see.
 */
export class StartQueue {
  readonly #watch: (run: string, look: () => void) => () => void
  #waiting: Waiting[] = []
  #closed: HoldfastError | null = null

  /** `watch` calls `look` when a run that nobody tells of with `freed` may have let go, until what it returned is called. */
  constructor(watch: (run: string, look: () => void) => () => void) {
    this.#watch = watch
  }

  /**
   * Resolves with the run when it has begun.
   *
   * @throws HoldfastError `START_GIVEN_UP`, what the queue was closed with, and what `begin` throws.
   */
  add(start: QueuedStart): Promise<Run> {
    return new Promise((resolve, reject) => {
      const settle: Waiting['settle'] = (result) => {
        start.signal?.removeEventListener('abort', giveUp)
        waiting.stopWatching()
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        if ('run' in result) resolve(result.run)
        else reject(result.error)
        this.#tryAll()
      }
      const waiting: Waiting = {
        ...start,
        settle,
        by: null,
        isTrying: false,
        isStale: false,
        stopWatching: () => {},
      }
      // While it is being tried nobody knows yet whether it has begun.
      const giveUp = (): void => {
        if (!waiting.isTrying) settle({ error: givenUp(waiting) })
      }
      if (start.signal?.aborted === true) {
        reject(givenUp(waiting))
        return
      }
      start.signal?.addEventListener('abort', giveUp)
      this.#waiting.push(waiting)
      this.#tryAll()
    })
  }

  /** A run has let go of what it had: those that waited for it are tried again. */
  freed(run: string): void {
    for (const waiting of this.#waiting) if (waiting.by === run || waiting.isTrying) this.#stale(waiting)
    this.#tryAll()
  }

  /** Looks at once, whatever there is to wait for. */
  look(): void {
    for (const waiting of this.#waiting) this.#stale(waiting)
    this.#tryAll()
  }

  /** Refuses all that wait. What is just beginning begins. */
  close(error: HoldfastError): void {
    this.#closed = error
    for (const waiting of this.#waiting) if (!waiting.isTrying) waiting.settle({ error })
  }

  #stale(waiting: Waiting): void {
    waiting.by = null
    waiting.isStale = true
  }

  #tryAll(): void {
    if (this.#closed !== null) return
    for (const [index, waiting] of this.#waiting.entries()) {
      if (waiting.isTrying || waiting.by !== null) continue
      if (this.#waiting.slice(0, index).some((earlier) => needTheSame(earlier, waiting))) continue
      void this.#try(waiting)
    }
  }

  async #try(waiting: Waiting): Promise<void> {
    waiting.isTrying = true
    waiting.isStale = false
    waiting.stopWatching()
    let result: BeginResult
    try {
      result = await waiting.begin()
    } catch (error) {
      waiting.settle({ error })
      return
    }
    waiting.isTrying = false
    if (result.ok) waiting.settle({ run: result.run })
    else if (this.#closed !== null) waiting.settle({ error: this.#closed })
    else if (waiting.signal?.aborted === true) waiting.settle({ error: givenUp(waiting) })
    else {
      const { by } = result
      waiting.stopWatching = this.#watch(by, () => this.freed(by))
      if (waiting.isStale) this.#tryAll()
      else waiting.by = by
    }
  }
}

function needTheSame(one: QueuedStart, other: QueuedStart): boolean {
  return one.key === other.key || one.resources.some((resource) => other.resources.includes(resource))
}

function givenUp({ key, signal }: QueuedStart): HoldfastError {
  return new HoldfastError('START_GIVEN_UP', `The start of '${key}' was given up before the run began`, {
    hint: 'Start it again when it is wanted; nothing was written.',
    cause: signal?.reason,
  })
}
