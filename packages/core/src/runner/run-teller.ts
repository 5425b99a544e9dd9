import { EventEmitter } from 'eventemitter3'
import { type HoldfastError, reportError } from '../errors/holdfast-error.js'
import { type RunEvent, type RunEventBody, runEventVersion } from '../events/run-event.js'
import type { AnySaga } from '../machine/define-saga.js'
import type { Progress } from '../saga/step.js'
import { describeEntry } from './describe-entry.js'
import { type Applied, type RunState, stateName } from './run-state.js'
import type { RunViewSnapshot } from './run-view.js'
import { overallProgress, viewOf } from './run-view.js'
import { type Telling, ViewStore } from './view-store.js'

/** Typed events of a run: each type by its name, and all of them as `event`. */
export type RunEvents = { [Type in RunEvent['type']]: (event: Extract<RunEvent, { type: Type }>) => void } & {
  event: (event: RunEvent) => void
}

/** What a {@link RunTeller} needs of its run. */
export interface ToldRun {
  readonly saga: AnySaga
  readonly shared: Telling
  /** The present state. */
  readonly state: RunState
  /** Why this process no longer drives the run; null while it does. */
  readonly suspended: HoldfastError | null
  /** Whether the question in the state is really being asked. */
  readonly asks: boolean
}

/** Tells hosts of one run: its view, its events, and its progress, which is nowhere but here. */
export class RunTeller {
  readonly events = new EventEmitter<RunEvents>()
  readonly view: ViewStore
  readonly #run: ToldRun
  #progress: Progress | null = null
  #overall = 0

  constructor(run: ToldRun) {
    this.#run = run
    this.view = new ViewStore(this, run.shared)
  }

  /** Makes the view of the present state. */
  read(): RunViewSnapshot {
    const { saga, state, suspended, asks } = this.#run
    return viewOf(saga, state, {
      progress: this.#progress,
      overall: this.#overall,
      suspended: suspended === null ? null : reportError(suspended),
      asks,
    })
  }

  /** An entry made the present state; it is durable. */
  changed(previous: RunState | null, applied: Applied): void {
    if (previous === null || stateName(previous) !== stateName(applied.state)) this.#progress = null
    this.#grow(null)
    if (this.#isHeard) for (const event of describeEntry(previous, applied)) this.emit(event)
    this.view.changed()
  }

  /** The step at work tells how far it has come. */
  progressed(progress: Progress): void {
    this.#progress = progress
    this.#grow(progress)
    this.view.progressed(() => {
      if (this.#progress === null) return
      const step = stateName(this.#run.state)
      this.emit({ type: 'step.progress', step, progress: this.#progress, overall: this.#overall })
    })
  }

  emit(body: RunEventBody): void {
    if (!this.#isHeard) return
    const { run, seq } = this.#run.state
    const at = this.#run.shared.clock.now()
    const event: RunEvent = { version: runEventVersion, run: run.id, seq, at, ...body }
    this.#guarded(() => this.events.emit('event', event))
    // The emitter's types tie each name to its own event, which a union of all of them cannot show.
    this.#guarded(() => Reflect.apply(this.events.emit, this.events, [event.type, event]))
  }

  /** Whether anybody listens; most of what happens is heard by nobody, and telling costs. */
  get #isHeard(): boolean {
    return this.events.eventNames().length > 0
  }

  #grow(progress: Progress | null): void {
    const { saga, state } = this.#run
    this.#overall = Math.max(this.#overall, overallProgress(saga, state.snapshot.context, progress))
  }

  #guarded(call: () => unknown): void {
    try {
      call()
    } catch (error) {
      this.#run.shared.onListenerError(error)
    }
  }
}
