import { HoldfastError } from '../errors/holdfast-error.js'
import type { Entry, EntryBody } from '../journal/entry.js'
import type { RunIdentity, RunStatus, RunSummary } from '../journal/journal.js'
import { withEntry } from '../machine/change-context.js'
import { begin, type Decision, decide, type Effect, type MachineEvent } from '../machine/decide.js'
import type { AnySaga, SagaSnapshot } from '../machine/define-saga.js'
import { type SagaContext, type SagaEvent, timers } from '../machine/saga-context.js'
import { jittered } from '../time/backoff.js'
import { type AttemptTime, attemptTimeAfter, beginAttempt, eventTime } from './attempt-time.js'

/** An effect with its stable id `<run>:<entry>:<index>`: the same fold gives the same ids, in any process. */
export type NumberedEffect = Effect & { readonly id: string }

/** A timer of a run that has not fired. */
export interface PendingTimer {
  /** Unix milliseconds. */
  readonly due: number
  /** Milliseconds that it was to wait when it was set: it never waits longer, also when the wall clock was set back. */
  readonly delay: number
  readonly event: SagaEvent
}

/** When and how often a step was tried. */
export interface StepTiming {
  readonly attempts: number
  readonly startedAt: number | null
  readonly endedAt: number | null
}

/** The state of a run: the fold of its entries. */
export interface RunState {
  readonly run: RunIdentity
  readonly snapshot: SagaSnapshot
  readonly seq: number
  readonly updatedAt: number
  /** The body of the last entry. */
  readonly last: EntryBody | null
  /** The actor at work, and the id of the effect that started it; a saga has at most one at a time. */
  readonly working: { readonly id: string; readonly actor: string } | null
  /** The time of the attempt at work; of the last one while none is. */
  readonly attempt: AttemptTime | null
  readonly timers: ReadonlyMap<string, PendingTimer>
  readonly timings: Readonly<Record<string, StepTiming>>
  /** Tries of each hook so far, and whether it is settled. */
  readonly hooks: ReadonlyMap<string, { readonly tries: number; readonly settled: boolean }>
}

/** A state and what its last entry asks the shell to do. */
export interface Applied {
  readonly state: RunState
  readonly effects: readonly NumberedEffect[]
  /** Whether the entry meant anything in the state before; the driver journals only what does. */
  readonly matters: boolean
}

/**
 * Applies one entry. Pure: what the entry does not say is not looked up. Throws `JOURNAL_DAMAGED` when it is not the next one.
 */
export function applyEntry(
  saga: AnySaga,
  run: RunIdentity,
  previous: RunState | null,
  entry: Entry,
): Applied {
  if (entry.seq !== (previous?.seq ?? 0) + 1) {
    throw damaged(run, `entry ${entry.seq} follows entry ${previous?.seq ?? 0}`)
  }
  if (previous === null) {
    if (entry.body.type !== 'run.started') throw damaged(run, `the first entry is '${entry.body.type}'`)
    const first = begin(saga.machine, entry.body.input)
    return next(saga, run, emptyState(run, first.snapshot), entry, first)
  }
  if (entry.body.type === 'run.migrated') return migrated(run, previous, entry)
  const hook = hookResult(entry.body)
  if (hook !== null) {
    const known = previous.hooks.get(hook.name) ?? { tries: 0, settled: false }
    const policy = saga.definition.hooks.find(({ name }) => name === hook.name)?.retry
    const tries = known.tries + 1
    const hooks = new Map(previous.hooks)
    hooks.set(hook.name, { tries, settled: hook.succeeded || tries >= (policy?.attempts ?? 1) })
    return {
      state: { ...previous, seq: entry.seq, updatedAt: entry.at, last: entry.body, hooks },
      effects: [],
      matters: true,
    }
  }
  const event = machineEvent(previous, entry.body)
  if (event === null) return { state: previous, effects: [], matters: false }
  // Not a spread: one that adds properties takes ten times as long, and this is done for every entry.
  const timed = Object.assign({}, event, eventTime(previous.attempt, entry))
  return next(saga, run, previous, entry, decide(saga.machine, previous.snapshot, timed))
}

/** The run goes on under a newer version: what is at work is another effect than the one that the older version had started. */
function migrated(run: RunIdentity, previous: RunState, { seq, at, body }: Entry): Applied {
  const working = previous.working === null ? null : { ...previous.working, id: `${run.id}:${seq}:0` }
  return {
    state: { ...previous, run, seq, updatedAt: at, last: body, working },
    effects: [],
    matters: true,
  }
}

/** The state that a run's entries give, going on from `from` where that is known. */
export function foldEntries(
  saga: AnySaga,
  run: RunIdentity,
  entries: readonly Entry[],
  from: RunState | null = null,
): RunState {
  let state = from
  for (const entry of entries) {
    const applied = applyEntry(saga, run, state, entry)
    if (!applied.matters) throw damaged(run, `entry ${entry.seq} ('${entry.body.type}') means nothing there`)
    state = applied.state
  }
  if (state === null) throw damaged(run, 'there are no entries')
  return state
}

/** What the last entry of a state was to the machine; null for the first entry, and for one that the machine does not hear of. */
export function eventOf(previous: RunState | null, { last }: RunState): MachineEvent | null {
  return previous === null || last === null ? null : machineEvent(previous, last)
}

/** The name of the state that the run is in. */
export function stateName(state: RunState): string {
  return state.snapshot.value
}

/** What a list of runs shows of this state. */
export function summarise(saga: AnySaga, state: RunState): RunSummary {
  const context: SagaContext = state.snapshot.context
  const status = statusOf(stateName(state))
  return {
    status,
    step: context.step,
    error: context.error,
    open: status === 'working' || (status === 'done' && pendingHooks(saga, state).length > 0),
    wakeAt: state.timers.get(timers.autoRetry)?.due ?? null,
  }
}

/** Names of the hooks that a done run still owes. */
export function pendingHooks(saga: AnySaga, state: RunState): readonly string[] {
  return saga.definition.hooks
    .map(({ name }) => name)
    .filter((name) => state.hooks.get(name)?.settled !== true)
}

function statusOf(name: string): RunStatus {
  return name === 'retryable' || name === 'stuck' || name === 'done' || name === 'discarded'
    ? name
    : 'working'
}

/** What a run begins with; nobody changes the maps of a state, so all runs have this one. */
const none: ReadonlyMap<string, never> = new Map<string, never>()

function emptyState(run: RunIdentity, snapshot: SagaSnapshot): RunState {
  return {
    run,
    snapshot,
    seq: 0,
    updatedAt: run.startedAt,
    last: null,
    working: null,
    attempt: null,
    timers: none,
    timings: {},
    hooks: none,
  }
}

function next(
  saga: AnySaga,
  run: RunIdentity,
  previous: RunState,
  entry: Entry,
  decision: Decision,
): Applied {
  const { body, seq, at } = entry
  // The decision was made for this entry alone: its effects get their ids without being copied.
  const effects = decision.effects.map((effect, index) =>
    Object.assign(effect, { id: `${run.id}:${seq}:${index}` }),
  )
  const settled = settledActor(body)
  let working = settled !== null && previous.working?.actor === settled ? null : previous.working
  // Copied only when they change: most entries leave the timers alone.
  let pending: Map<string, PendingTimer> | null = null
  let timings = previous.timings
  let attempt = attemptTimeAfter(previous.attempt, entry)
  if (body.type === 'timer.fired') {
    pending = new Map(previous.timers)
    pending.delete(body.timer)
  }
  if (body.type === 'step.succeeded' || body.type === 'step.failed') {
    timings = endTiming(timings, body.step, at)
  }
  for (const effect of effects) {
    if (effect.type === 'start') {
      working = { id: effect.id, actor: effect.actor }
      attempt = beginAttempt(entry)
      timings = startTiming(timings, effect.actor, at)
    } else if (effect.type === 'stop') {
      if (working?.actor === effect.actor) working = null
    } else if (effect.type === 'schedule') {
      const delay = jittered(effect.delay, jitterOf(saga, decision.snapshot, effect.timer), effect.id)
      pending ??= new Map(previous.timers)
      pending.set(effect.timer, { due: at + delay, delay, event: effect.event })
    } else if ((pending ?? previous.timers).has(effect.timer)) {
      pending ??= new Map(previous.timers)
      pending.delete(effect.timer)
    }
  }
  const { snapshot } = decision
  return {
    // Property by property: a spread that others are added to takes ten times as long.
    state: {
      run: previous.run,
      snapshot,
      seq,
      updatedAt: at,
      last: body,
      working,
      attempt,
      timers: pending ?? previous.timers,
      timings,
      hooks: previous.hooks,
    },
    effects,
    matters: previous.seq === 0 || effects.length > 0 || snapshot !== previous.snapshot,
  }
}

type Timings = RunState['timings']

function startTiming(timings: Timings, actor: string, at: number): Timings {
  const known = timings[actor]
  const attempts = (known?.attempts ?? 0) + 1
  return withEntry(timings, actor, { attempts, startedAt: known?.startedAt ?? at, endedAt: null })
}

function endTiming(timings: Timings, step: string, at: number): Timings {
  const known = timings[step]
  if (known === undefined) return timings
  const { attempts, startedAt } = known
  return withEntry(timings, step, { attempts, startedAt, endedAt: at })
}

function settledActor(body: EntryBody): string | null {
  if (body.type === 'step.succeeded' || body.type === 'step.failed') return body.step
  return body.type === 'undo.succeeded' || body.type === 'undo.failed' ? 'compensate' : null
}

function jitterOf(saga: AnySaga, snapshot: SagaSnapshot, timer: string): number {
  const context: SagaContext = snapshot.context
  const undoing = snapshot.value === 'compensating'
  const name = undoing ? (context.undo?.queue[0] ?? context.step) : context.step
  const step = saga.definition.steps.find((candidate) => candidate.name === name)
  if (step === undefined) return 0
  if (timer === timers.autoRetry) return step.autoRetry?.jitter ?? 0
  return undoing ? step.compensateRetry.jitter : step.retry.jitter
}

/** The machine's event for an entry; null for a timer that is not pending. */
function machineEvent(state: RunState, body: EntryBody): MachineEvent | null {
  switch (body.type) {
    case 'step.succeeded':
      return { type: `xstate.done.actor.${body.step}`, output: body.output, actorId: body.step }
    case 'step.failed':
      return { type: `xstate.error.actor.${body.step}`, error: body.error, actorId: body.step }
    case 'undo.succeeded':
      return { type: 'xstate.done.actor.compensate', output: null, actorId: 'compensate' }
    case 'undo.failed':
      return { type: 'xstate.error.actor.compensate', error: body.error, actorId: 'compensate' }
    case 'step.checkpoint':
      return { type: 'CHECKPOINT', step: body.step, value: body.value }
    case 'timer.fired':
      return state.timers.get(body.timer)?.event ?? null
    case 'run.asked':
      return { type: 'ASKED', ask: body.ask }
    case 'run.answered':
      return { type: 'ANSWERED' }
    case 'retry.requested':
      return { type: 'RETRY' }
    case 'cancel.requested':
      return { type: 'CANCEL' }
    case 'discard.requested':
      return { type: 'DISCARD', options: body.options }
    default:
      return null
  }
}

function hookResult(body: EntryBody): { readonly name: string; readonly succeeded: boolean } | null {
  if (body.type === 'hook.succeeded') return { name: body.hook, succeeded: true }
  return body.type === 'hook.failed' ? { name: body.hook, succeeded: false } : null
}

/** The error for entries that do not make a run. */
export function damaged(run: RunIdentity, what: string): HoldfastError {
  return new HoldfastError('JOURNAL_DAMAGED', `The journal of run '${run.id}' is damaged: ${what}`, {
    hint: 'The run is set aside; nothing of it is changed.',
    retryable: false,
    facts: { run: run.id },
  })
}
