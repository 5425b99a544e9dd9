import { EventEmitter } from 'eventemitter3'
import { isFailure } from '../errors/failure.js'
import { HoldfastError, reportError, toHoldfastError } from '../errors/holdfast-error.js'
import { type RunEvent, type RunEventBody, runEventVersion } from '../events/run-event.js'
import type { Entry, EntryBody } from '../journal/entry.js'
import type { Journal, RunIdentity } from '../journal/journal.js'
import type { Json } from '../json/json.js'
import type { AnySaga } from '../machine/define-saga.js'
import { readOutputs, undoContext } from '../machine/saga-actors.js'
import type { SagaContext, StepInput, UndoInput } from '../machine/saga-context.js'
import type { AskRequest, Progress } from '../saga/step.js'
import { backoffDelay, jittered } from '../time/backoff.js'
import type { Clock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'
import { describeEntry } from './describe-entry.js'
import type { GroupCommit } from './group-commit.js'
import { leaseLost, refusedError } from './lease-errors.js'
import { Mailbox } from './mailbox.js'
import {
  type Applied,
  applyEntry,
  foldEntries,
  matters,
  type NumberedEffect,
  pendingHooks,
  type RunState,
  stateName,
  summarise,
} from './run-state.js'
import { RunTimers } from './run-timers.js'
import { overallProgress, viewOf } from './run-view.js'
import { StepAttempt } from './step-attempt.js'
import { ViewStore } from './view-store.js'

type StartEffect = Extract<NumberedEffect, { type: 'start' }>

/** What all runs of a runner share. */
export interface DriverShared {
  readonly journal: Journal
  readonly commit: GroupCommit
  readonly clock: Clock
  /** Least milliseconds between two notifications of progress. */
  readonly progressInterval: number
  /** Tells the host what a listener of its own threw. */
  readonly onListenerError: (error: unknown) => void
  /** The driver took a lease or a timer, or gave it back. */
  readonly onLease: (driver: RunDriver) => void
}

/** Typed events of a run: each type by its name, and all of them as `event`. */
export type RunEvents = { [Type in RunEvent['type']]: (event: Extract<RunEvent, { type: Type }>) => void } & {
  event: (event: RunEvent) => void
}

/**
 * Drives one run: decides, journals, and only then performs. Entries of a run are handled one after the other; its steps and undos
 * never overlap, also when a step takes long to end.
 */
export class RunDriver {
  readonly saga: AnySaga
  readonly events = new EventEmitter<RunEvents>()
  readonly view: ViewStore
  readonly #shared: DriverShared
  readonly #mailbox = new Mailbox()
  readonly #timers: RunTimers
  #state: RunState
  #generation: number | null = null
  #attempt: StepAttempt | null = null
  /** Settles when everything that was started has ended. */
  #atWork: Promise<unknown> = Promise.resolve()
  /** Whether all of that has ended. */
  #quiet = true
  #progress: Progress | null = null
  #overall = 0
  #suspended: HoldfastError | null = null

  constructor(saga: AnySaga, state: RunState, shared: DriverShared) {
    this.saga = saga
    this.#state = state
    this.#shared = shared
    this.#timers = new RunTimers(shared.clock, (timer) => void this.#fire(timer))
    this.view = new ViewStore({
      clock: shared.clock,
      progressInterval: shared.progressInterval,
      onListenerError: shared.onListenerError,
      read: () =>
        viewOf(saga, this.#state, {
          progress: this.#progress,
          overall: this.#overall,
          suspended: this.#suspended === null ? null : reportError(this.#suspended),
        }),
    })
  }

  get run(): RunIdentity {
    return this.#state.run
  }

  get state(): RunState {
    return this.#state
  }

  /** The lease that this driver holds; null when none. */
  get generation(): number | null {
    return this.#generation
  }

  get suspended(): HoldfastError | null {
    return this.#suspended
  }

  /** Whether the run rests, has ended or is suspended, and everything that was started for it has really stopped. Hooks do not count. */
  get atRest(): boolean {
    return this.#quiet && (this.#suspended !== null || isResting(this.#state))
  }

  /** Begins to drive a run whose first entry was just written under `generation`. */
  begin(generation: number, applied: Applied): void {
    this.#generation = generation
    this.#shared.onLease(this)
    this.#settle(applied, null)
  }

  /** Arms the timer of a parked run, which needs no lease until it fires. */
  armParked(): void {
    this.#timers.follow(this.#state.timers)
    this.#shared.onLease(this)
  }

  /** Stops the timers of a run, for a runner that is shut down; the journal still knows them. */
  disarm(): void {
    this.#timers.stop()
  }

  /** Journals an entry and performs what follows from it. False when it means nothing in the present state. */
  submit(body: EntryBody): Promise<boolean> {
    return this.#mailbox.post(() => this.#handle(body))
  }

  /**
   * Takes the lease if it is not held, then journals what a host or a timer asks for. False when that means nothing in the state
   * that the journal shows by then.
   *
   * @throws HoldfastError `LEASE_HELD`, `JOURNAL_DAMAGED`, `JOURNAL_FAILED`.
   */
  request(body: EntryBody): Promise<boolean> {
    return this.#mailbox.post(async () => {
      await this.#hold()
      const meant = await this.#handle(body)
      if (!meant) await this.#rest()
      return meant
    })
  }

  /** Takes the lease and goes on with what the journal shows to be outstanding. Throws as {@link request}. */
  takeOver(): Promise<void> {
    return this.#mailbox.post(async () => {
      await this.#hold()
      await this.#rest()
    })
  }

  /** Gives the answer that the run waits for. */
  async provide(kind: string, answer: Json): Promise<void> {
    const context: SagaContext = this.#state.snapshot.context
    const attempt = this.#attempt
    if (context.ask?.kind !== kind || attempt === null || !attempt.asks) {
      throw new HoldfastError('NOTHING_ASKED', `The run does not ask for '${kind}'`, { retryable: false })
    }
    await this.submit({ type: 'run.answered', kind })
    attempt.answer(answer)
  }

  /** Fails the step at work if it needs the resource. */
  lose(resource: string): void {
    const step = this.saga.definition.steps.find(({ name }) => name === stateName(this.#state))
    if (step?.needs.includes(resource) !== true) return
    this.#attempt?.end(
      new HoldfastError('RESOURCE_LOST', `'${resource}' went away while step '${step.name}' needed it`, {
        hint: 'Bring it back and retry.',
        facts: { resource },
      }),
    )
  }

  /** Stops driving, without a word to the journal: a lease that is lost, a journal that fails, a shutdown past its deadline. */
  suspend(error: HoldfastError): void {
    if (this.#suspended !== null) return
    this.#suspended = error
    this.#generation = null
    this.disarm()
    this.#attempt?.end(error)
    this.#shared.onLease(this)
    this.#emit({ type: 'run.suspended', error: reportError(error) })
    this.view.changed()
    void this.#atWork.then(() => {
      this.#quiet = true
      this.view.changed()
    })
  }

  /** Resolves when the run rests, has ended or is suspended. */
  rested(): Promise<void> {
    return this.#until(() => this.atRest)
  }

  /** Resolves when, beyond that, the lease is given back: hooks are run as well. */
  released(): Promise<void> {
    return this.#until(() => this.atRest && this.#generation === null)
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const stop = this.view.subscribe(() => {
        if (!condition()) return
        stop()
        resolve()
      })
    })
  }

  async #hold(): Promise<void> {
    if (this.#generation !== null) return
    const claimed = await this.#shared.journal.claim(this.run.id)
    if (!claimed.ok) throw refusedError(this.run.id, claimed)
    // Another process may have driven the run meanwhile: the journal knows, not this driver.
    const entries = await this.#shared.journal.entries(this.run.id)
    this.#state = foldEntries(this.saga, this.run, entries)
    this.#generation = claimed.generation
    this.#suspended = null
    this.#shared.onLease(this)
    if (this.#state.working !== null) this.#perform([this.#state.working])
    else this.#timers.follow(this.#state.timers)
    this.view.changed()
  }

  async #handle(body: EntryBody): Promise<boolean> {
    if (this.#suspended !== null || this.#generation === null) return false
    if (!matters(this.#state, body)) return false
    const previous = this.#state
    const entry: Entry = { seq: previous.seq + 1, at: this.#shared.clock.now(), body }
    let applied: Applied
    try {
      applied = applyEntry(this.saga, this.run, previous, entry)
      const result = await this.#shared.commit.write({
        kind: 'append',
        run: this.run.id,
        generation: this.#generation,
        entries: [entry],
        summary: summarise(this.saga, applied.state),
        release: this.#mayRelease(applied),
      })
      if (!result.ok) throw leaseLost(this.run.id)
    } catch (error) {
      this.suspend(toHoldfastError(error, 'JOURNAL_FAILED'))
      return false
    }
    this.#settle(applied, previous)
    return true
  }

  /** Whether the lease may end with this very write: nothing is at work any more, and nothing is owed. */
  #mayRelease(applied: Applied): boolean {
    return (
      isResting(applied.state) && this.#attempt === null && pendingWork(this.saga, applied.state).length === 0
    )
  }

  /** Makes a durable state the present one and performs its effects. */
  #settle(applied: Applied, previous: RunState | null): void {
    const released = this.#generation !== null && previous !== null && this.#mayRelease(applied)
    this.#state = applied.state
    if (previous === null || stateName(previous) !== stateName(applied.state)) this.#progress = null
    const context: SagaContext = applied.state.snapshot.context
    this.#overall = Math.max(this.#overall, overallProgress(this.saga, context, null))
    if (released) {
      this.#generation = null
      this.#shared.onLease(this)
    }
    if (released) this.#quiet = true
    this.#perform(applied.effects)
    for (const event of describeEntry(previous, applied)) this.#emit(event)
    this.view.changed()
    if (!released && isResting(applied.state)) void this.#mailbox.post(() => this.#rest())
  }

  #perform(effects: readonly NumberedEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'start') this.#start(effect)
      else if (effect.type === 'stop') this.#stop(effect.actor)
    }
    this.#timers.follow(this.#state.timers)
  }

  #start({ id, actor, input }: StartEffect): void {
    const previous = this.#atWork
    this.#quiet = false
    this.#atWork = previous.then(async () => {
      if (this.#suspended !== null) return
      // Between the decision and now it may have been left again: cancelled while what came before was still ending.
      if (this.#state.working?.id !== id) return
      if (actor === 'compensate' && 'reason' in input) await this.#undo(id, input)
      else await this.#runStep(id, input)
    })
  }

  async #runStep(effect: string, input: StepInput): Promise<void> {
    const step = this.saga.definition.steps.find(({ name }) => name === input.step)
    if (step === undefined) return
    const { id, owner } = this.run
    const context: SagaContext = this.#state.snapshot.context
    const attempt = new StepAttempt(
      step,
      {
        run: id,
        owner,
        step: step.name,
        attempt: input.attempt,
        input: input.input,
        // Not the one of the moment when the step was entered: a process that died since may have saved further ones.
        checkpoint: context.checkpoints[step.name] ?? null,
        output: readOutputs(this.saga.definition, input.outputs),
      },
      {
        progress: (progress) => this.#told(progress),
        checkpoint: async (value) => {
          if (!(await this.submit({ type: 'step.checkpoint', step: step.name, value })))
            throw this.#notWritten()
        },
        asked: async ({ kind, message, secret = false }: AskRequest) => {
          if (!(await this.submit({ type: 'run.asked', ask: { kind, message, secret } })))
            throw this.#notWritten()
        },
      },
      this.#shared.clock,
    )
    this.#attempt = attempt
    const result = await attempt.result
    this.#attempt = null
    // A step that was left (cancelled, discarded) has nothing more to say.
    if (this.#suspended !== null || this.#state.working?.id !== effect) return
    void this.submit(
      result.ok
        ? { type: 'step.succeeded', step: step.name, output: result.output }
        : { type: 'step.failed', step: step.name, error: result.error },
    )
  }

  async #undo(effect: string, input: UndoInput): Promise<void> {
    const step = this.saga.definition.steps.find(({ name }) => name === input.step)
    const { id, owner } = this.run
    let body: EntryBody = { type: 'undo.succeeded', step: input.step }
    try {
      const result = await step?.compensate?.(undoContext(this.saga.definition, input, { run: id, owner }))
      if (isFailure(result))
        body = { type: 'undo.failed', step: input.step, error: reportError(result.error) }
    } catch (error) {
      body = { type: 'undo.failed', step: input.step, error: reportError(error) }
    }
    if (this.#state.working?.id === effect) void this.submit(body)
  }

  #stop(actor: string): void {
    // An undo is never cut short.
    if (actor === 'compensate') return
    this.#attempt?.end(new HoldfastError('CANCELLED', `Step '${actor}' was cancelled`))
  }

  /** Everything has ended that was started: hooks are run, then the lease is given back. */
  async #rest(): Promise<void> {
    if (this.#generation === null || !isResting(this.#state)) return
    // Nothing that is still at work can be waiting for this mailbox: it was ended before this task was posted.
    await this.#atWork
    this.#quiet = true
    if (pendingWork(this.saga, this.#state).length > 0) {
      this.view.changed()
      void this.#runHooks()
      return
    }
    try {
      await this.#shared.commit.write({ kind: 'release', run: this.run.id, generation: this.#generation })
    } catch (error) {
      this.suspend(toHoldfastError(error, 'JOURNAL_FAILED'))
      return
    }
    this.#generation = null
    this.#shared.onLease(this)
    this.view.changed()
  }

  async #runHooks(): Promise<void> {
    const context: SagaContext = this.#state.snapshot.context
    for (const name of pendingHooks(this.saga, this.#state)) {
      const hook = this.saga.definition.hooks.find((candidate) => candidate.name === name)
      if (hook === undefined) continue
      while (this.#suspended === null && this.#state.hooks.get(name)?.settled !== true) {
        const tries = this.#state.hooks.get(name)?.tries ?? 0
        if (tries > 0)
          await this.#sleep(
            jittered(backoffDelay(hook.retry, tries), hook.retry.jitter, `${this.run.id}:${name}:${tries}`),
          )
        let body: EntryBody = { type: 'hook.succeeded', hook: name }
        try {
          const { id: run, owner } = this.run
          await hook.run({
            run,
            owner,
            input: context.input,
            output: readOutputs(this.saga.definition, context.outputs),
          })
        } catch (error) {
          body = { type: 'hook.failed', hook: name, error: reportError(error) }
        }
        if (!(await this.submit(body))) return
      }
    }
    await this.#mailbox.post(() => this.#rest())
  }

  #sleep(milliseconds: number): Promise<void> {
    const { clock } = this.#shared
    return new Promise((resolve) => {
      atDeadline(clock, clock.now() + milliseconds, resolve)
    })
  }

  async #fire(timer: string): Promise<void> {
    try {
      await this.request({ type: 'timer.fired', timer })
    } catch (error) {
      // Another process woke the run first, or holds what it needs; the run stays parked and can be retried by hand.
      this.#emit({ type: 'run.suspended', error: reportError(error) })
    }
  }

  #told(progress: Progress): void {
    this.#progress = progress
    const context: SagaContext = this.#state.snapshot.context
    this.#overall = Math.max(this.#overall, overallProgress(this.saga, context, progress))
    this.view.progressed(() => {
      const step = stateName(this.#state)
      if (this.#progress !== null) {
        this.#emit({ type: 'step.progress', step, progress: this.#progress, overall: this.#overall })
      }
    })
  }

  #emit(body: RunEventBody): void {
    const event: RunEvent = {
      version: runEventVersion,
      run: this.run.id,
      seq: this.#state.seq,
      at: this.#shared.clock.now(),
      ...body,
    }
    this.#guarded(() => this.events.emit('event', event))
    // The emitter's types tie each name to its own event, which a union of all of them cannot show.
    this.#guarded(() => Reflect.apply(this.events.emit, this.events, [event.type, event]))
  }

  /** A listener of the host that throws must not stop a run. */
  #guarded(call: () => unknown): void {
    try {
      call()
    } catch (error) {
      this.#shared.onListenerError(error)
    }
  }

  #notWritten(): HoldfastError {
    return this.#suspended ?? new HoldfastError('CANCELLED', 'The step was left meanwhile')
  }
}

/** Whether nothing is at work in this state. */
export function isResting(state: RunState): boolean {
  const name = stateName(state)
  return name === 'retryable' || name === 'stuck' || name === 'done' || name === 'discarded'
}

function pendingWork(saga: AnySaga, state: RunState): readonly string[] {
  return stateName(state) === 'done' ? pendingHooks(saga, state) : []
}
