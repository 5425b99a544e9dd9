import type { EventEmitter } from 'eventemitter3'
import { type ErrorReport, HoldfastError, reportError } from '../errors/holdfast-error.js'
import { type Json, type JsonObject, toJson } from '../json/json.js'
import type { SagaContext } from '../machine/saga-context.js'
import type { RunDriver } from './run-driver.js'
import { stateName } from './run-state.js'
import type { RunEvents } from './run-teller.js'
import type { RunView } from './run-view.js'

/** Where a run came to rest. Plain JSON. */
export type Outcome =
  | {
      readonly status: 'done'
      readonly run: string
      readonly outputs: JsonObject
      readonly facts: JsonObject
    }
  | {
      readonly status: 'retryable'
      readonly run: string
      /** The step that a retry re-enters. */
      readonly step: string
      readonly error: ErrorReport
      readonly attempt: number
      /** Unix milliseconds at which the run goes on by itself; null when it waits for somebody. */
      readonly wakeAt: number | null
      readonly facts: JsonObject
    }
  | {
      readonly status: 'stuck'
      readonly run: string
      /** The step whose undo failed. */
      readonly step: string
      readonly error: ErrorReport
      /** Steps whose side effects may remain. */
      readonly sideEffects: readonly string[]
      readonly facts: JsonObject
    }
  | { readonly status: 'discarded'; readonly run: string; readonly facts: JsonObject }
  /** This process cannot drive the run any further; the journal is intact, and `retry()` or `recover()` goes on from it. */
  | {
      readonly status: 'suspended'
      readonly run: string
      readonly step: string
      readonly error: ErrorReport
      readonly facts: JsonObject
    }

/** A run in a host's hands. */
export interface Run {
  readonly id: string
  readonly view: RunView
  /** Each type of RunEvent by its name, and all of them as `event`. */
  readonly events: EventEmitter<RunEvents>
  /**
   * Resolves when the run has ended or rests; after a retry, ask again. Hooks are not waited for. A run that is at work in another
   * process, or was left by one that died, is `suspended` here.
   */
  outcome(): Promise<Outcome>
  /**
   * Goes on: re-enters the step that a parked run rests at, resumes the undo of a stuck one, ends a backoff early.
   * Resolves when that is durable.
   *
   * @throws HoldfastError `RUN_ENDED`, `RUN_NOT_AT_REST`, `LEASE_HELD`, `JOURNAL_FAILED`, `DISK_FULL`, `RUNNER_CLOSED`.
   */
  retry(): Promise<void>
  /**
   * Aborts the step at work, undoes it and parks the run; resolves when the run has really stopped. A run that rests stays as it is,
   * but no longer goes on by itself. Deletes no backup.
   *
   * @throws HoldfastError `LEASE_HELD`, `JOURNAL_FAILED`, `DISK_FULL`, `RUNNER_CLOSED`.
   */
  cancel(): Promise<void>
  /**
   * Undoes every step in reverse order and ends the run; resolves when it has ended or is stuck. `options` reach the undos.
   *
   * @throws HoldfastError `RUN_PAST_PIVOT`, `RUN_ENDED`, `LEASE_HELD`, `JOURNAL_FAILED`, `DISK_FULL`, `RUNNER_CLOSED`.
   */
  discard(options?: JsonObject): Promise<Outcome>
  /**
   * Answers what the run asks for. The answer goes to the step and nowhere else. Resolves when it is durable that there is one. Of two answers to
   * one question the first counts; the other one resolves with it.
   *
   * @throws HoldfastError `NOTHING_ASKED`, `JOURNAL_FAILED`, `DISK_FULL`.
   */
  provide(kind: string, answer: Json): Promise<void>
}

/**
 * The handle of a driver. Its methods may be taken from it and handed around, and it may be wrapped as frameworks wrap what they watch;
 * no more than they are made for each: a recovery of thousands of runs makes thousands of handles.
 */
export function runOf(driver: RunDriver): Run {
  return {
    id: driver.run.id,
    view: driver.told.view,
    events: driver.told.events,
    outcome: async () => {
      await driver.rested()
      return outcomeOf(driver)
    },
    retry: () => retry(driver),
    cancel: async () => {
      if (hasEnded(driver)) return
      await driver.request({ type: 'cancel.requested' })
      await driver.rested()
    },
    discard: (options = {}) => discard(driver, options),
    provide: async (kind, answer) => driver.provide(kind, toJson(answer, 'the answer')),
  }
}

async function retry(driver: RunDriver): Promise<void> {
  refuseEnded(driver)
  const wasHeld = driver.generation !== null
  if (await driver.request({ type: 'retry.requested' })) return
  refuseEnded(driver)
  // A run that was suspended, or left by a process that died, goes on where it was: that needs no entry that says so.
  if (!wasHeld) return
  throw new HoldfastError('RUN_NOT_AT_REST', `Run '${driver.run.id}' is at work`, {
    hint: 'Wait for its outcome, or cancel it first.',
  })
}

async function discard(driver: RunDriver, options: JsonObject): Promise<Outcome> {
  refuseEnded(driver)
  const asked = toJson(options, 'the options of discard')
  // `toJson` of an object is an object.
  const discarded = await driver.request({ type: 'discard.requested', options: asked as JsonObject })
  const already = driver.state.snapshot.context.undo?.reason === 'discarded'
  if (!discarded && !already) {
    refuseEnded(driver)
    throw new HoldfastError('RUN_PAST_PIVOT', `Everything of run '${driver.run.id}' is stored and verified`, {
      hint: 'Retry the run to finish it; what was stored stays stored.',
      retryable: false,
    })
  }
  await driver.rested()
  return outcomeOf(driver)
}

function hasEnded(driver: RunDriver): boolean {
  const state = stateName(driver.state)
  return state === 'done' || state === 'discarded'
}

function refuseEnded(driver: RunDriver): void {
  if (!hasEnded(driver)) return
  throw new HoldfastError('RUN_ENDED', `Run '${driver.run.id}' is ${stateName(driver.state)}`, {
    retryable: false,
  })
}

function outcomeOf(driver: RunDriver): Outcome {
  const context: SagaContext = driver.state.snapshot.context
  const run = driver.run.id
  const { input, outputs, checkpoints } = context
  const facts = driver.saga.definition.facts({ input, outputs, checkpoints })
  const { step } = context
  // What a hook does afterwards changes nothing of how it ended.
  if (driver.suspended !== null && !hasEnded(driver)) {
    return { status: 'suspended', run, step, error: reportError(driver.suspended), facts }
  }
  switch (stateName(driver.state)) {
    case 'done':
      return { status: 'done', run, outputs: context.outputs, facts }
    case 'discarded':
      return { status: 'discarded', run, facts }
    case 'stuck': {
      const sideEffects = context.undo?.queue ?? []
      return {
        status: 'stuck',
        run,
        step: sideEffects[0] ?? step,
        error: errorOf(context),
        sideEffects,
        facts,
      }
    }
    case 'retryable': {
      const wakeAt = driver.state.timers.get('auto-retry')?.due ?? null
      return {
        status: 'retryable',
        run,
        step,
        error: errorOf(context),
        attempt: context.attempt,
        wakeAt,
        facts,
      }
    }
    default:
      return { status: 'suspended', run, step, error: reportError(drivenElsewhere(run)), facts }
  }
}

function errorOf({ error }: SagaContext): ErrorReport {
  return error ?? reportError(new HoldfastError('STEP_FAILED', 'The step did not say why it failed.'))
}

function drivenElsewhere(run: string): HoldfastError {
  return new HoldfastError('RUN_SUSPENDED', `This process does not drive run '${run}'`, {
    hint: 'Another process drives it, or one that died has left it: then recover, or retry it.',
  })
}
