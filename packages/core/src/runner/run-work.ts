import { HoldfastError } from '../errors/holdfast-error.js'
import type { EntryBody } from '../journal/entry.js'
import type { Json } from '../json/json.js'
import type { AnySaga } from '../machine/define-saga.js'
import { readOutputs } from '../machine/saga-actors.js'
import { stepInput, undoInput } from '../machine/saga-context.js'
import type { Progress } from '../saga/step.js'
import type { Clock } from '../time/clock.js'
import type { RunLease } from './run-lease.js'
import type { RunState } from './run-state.js'
import { StepAttempt } from './step-attempt.js'
import { undoStep } from './undo-step.js'

/** What the work of a run needs of its driver. */
export interface WorkingRun {
  readonly saga: AnySaga
  readonly shared: { readonly clock: Clock }
  readonly lease: RunLease
  readonly told: { progressed(progress: Progress): void }
  /** The present state. */
  readonly state: RunState
  /** Why this process no longer drives the run; null while it does. */
  readonly suspended: HoldfastError | null
  /** The lease turned out to be lost. */
  suspend(error: HoldfastError): void
  /** Journals what an effect gave. False when the effect had been left by the time that its turn came. */
  report(effect: string, body: EntryBody): Promise<boolean>
}

/** What a run has at work: its steps and undos, one after the other, never two at once, also when one takes long to end. */
export class RunWork {
  readonly #run: WorkingRun
  #attempt: StepAttempt | null = null
  /** Settles when everything that was begun has ended. */
  #ended: Promise<unknown> = Promise.resolve()
  #quiet = true
  /** How many have been begun that wait for what was before them, or for a look at the lease. */
  #waiting = 0

  constructor(run: WorkingRun) {
    this.#run = run
  }

  /** Whether everything that was begun has ended, and the run has heard of it. */
  get isQuiet(): boolean {
    return this.#quiet
  }

  /** Whether a step is being executed, or may be about to. */
  get hasStep(): boolean {
    return this.#attempt !== null || this.#waiting > 0
  }

  /** Whether the step waits for an answer. */
  get asks(): boolean {
    return this.#attempt?.asks === true
  }

  /** Something will be begun: until then the run is not quiet. */
  expect(): void {
    this.#quiet = false
  }

  /** Begins a step or an undo when what was begun before has ended. */
  begin({ id, actor }: { readonly id: string; readonly actor: string }): void {
    this.#quiet = false
    this.#waiting++
    this.#ended = this.#ended.then(async () => {
      const { lease } = this.#run
      // Nothing is awaited between the last look and what begins: another run's commit could block, and be stopped, in between.
      while (lease.isInDoubt) {
        const reason = await lease.lostBecause()
        if (reason !== null) this.#run.suspend(reason)
      }
      this.#waiting--
      if (this.#run.suspended !== null) return
      // Between the decision and now it may have been left again: cancelled while what came before was still ending.
      if (this.#run.state.working?.id !== id) return
      if (actor === 'compensate') await this.#undo(id)
      else await this.#step(id, actor)
    })
  }

  /** Asks the step to end, as a cancel does. An undo is never cut short. */
  stop(actor: string): void {
    // Every step is stopped when it is left, also one that has ended by itself: then there is nothing to make an error for.
    if (actor === 'compensate' || this.#attempt === null) return
    this.#attempt.end(new HoldfastError('CANCELLED', `Step '${actor}' was cancelled`))
  }

  /** Asks the step that is being executed to end; the first reason counts. */
  end(reason: HoldfastError): void {
    this.#attempt?.end(reason)
  }

  /** Gives the step its answer. */
  answer(answer: Json): void {
    this.#attempt?.answer(answer)
  }

  /** Nothing is at work, as the driver knows. */
  rest(): void {
    this.#quiet = true
  }

  /** Resolves when everything that was begun has ended. */
  async quietened(): Promise<void> {
    await this.#ended
    this.#quiet = true
  }

  async #step(effect: string, name: string): Promise<void> {
    const { saga, shared, state, told } = this.#run
    const step = saga.definition.steps.find((candidate) => candidate.name === name)
    if (step === undefined) return
    const { run, snapshot, attempt: time } = state
    const { attempt: number, input, outputs, checkpoint } = stepInput(snapshot.context, name)
    const write = async (body: EntryBody): Promise<void> => {
      if (!(await this.#run.report(effect, body))) throw this.#notWritten()
    }
    const attempt = new StepAttempt(
      step,
      {
        run: run.id,
        owner: run.owner,
        step: name,
        attempt: number,
        input,
        checkpoint,
        output: readOutputs(saga.definition, outputs),
      },
      {
        progress: (progress) => told.progressed(progress),
        checkpoint: (value, used) => write({ type: 'step.checkpoint', step: name, value, ...used }),
        asked: ({ kind, message, secret = false }, used) =>
          write({ type: 'run.asked', ask: { kind, message, secret }, ...used }),
        answered: (kind) => write({ type: 'run.answered', kind }),
      },
      shared.clock,
      time?.used ?? 0,
    )
    this.#attempt = attempt
    const result = await attempt.result
    this.#attempt = null
    // A step that was left (cancelled, discarded) has nothing more to say.
    void this.#run.report(
      effect,
      result.ok
        ? { type: 'step.succeeded', step: name, output: result.output }
        : { type: 'step.failed', step: name, error: result.error },
    )
  }

  async #undo(effect: string): Promise<void> {
    const { saga, state } = this.#run
    const { run, snapshot } = state
    const body = await undoStep(saga, undoInput(snapshot.context), { run: run.id, owner: run.owner })
    void this.#run.report(effect, body)
  }

  #notWritten(): HoldfastError {
    return this.#run.suspended ?? new HoldfastError('CANCELLED', 'The step was left meanwhile')
  }
}
