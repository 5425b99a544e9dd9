import {
  type AnySaga,
  begin,
  type Decision,
  decide,
  type Effect,
  type Entry,
  type EntryBody,
  type MachineEvent,
  type SagaEvent,
} from '@holdfast/core'

/** An effect that a run's entries announce. */
export interface Announced {
  /** Such as `step b 2`, the second attempt of b, or `undo b discarded 1`. */
  readonly effect: string
  /** How it ended; null while it is under way. `left`: the run went another way before it was done. */
  readonly settled: 'succeeded' | 'failed' | 'left' | null
  /** Number of the entry by which it ended; null while it is under way. */
  readonly settledBy: number | null
}

/** Milliseconds by which the clock of the entries and the one of the timers may differ: both are rounded, each for itself. */
const clockGrain = 2

/** What the entries of a run say of it. */
export interface Told {
  /** In the order in which they are announced, which is the order in which they happen. */
  readonly announced: readonly Announced[]
  /** Unix milliseconds at which timers were due, all that were ever set. */
  readonly dues: ReadonlySet<number>
  /** The last checkpoint of each step, by name. */
  readonly checkpoints: ReadonlyMap<string, number>
  /** Hooks that have succeeded, once for each time. */
  readonly hooks: readonly string[]
  readonly ended: boolean
  /** What is wrong with the entries themselves. */
  readonly faults: readonly string[]
}

/**
 * Reads a run's entries by the pure half of the engine, the machine of the saga, and by nothing of the half that is put to the test.
 * The timers of these sagas know no chance, so their due times follow from the entries.
 */
export function tell(saga: AnySaga, entries: readonly Entry[]): Told {
  const reading = new Reading(saga)
  for (const entry of entries) reading.read(entry)
  return reading
}

class Reading implements Told {
  readonly announced: Announced[] = []
  readonly dues = new Set<number>()
  readonly checkpoints = new Map<string, number>()
  readonly hooks: string[] = []
  readonly faults: string[] = []
  ended = false
  readonly #saga: AnySaga
  readonly #timers = new Map<string, { readonly due: number; readonly event: SagaEvent }>()
  #snapshot: Decision['snapshot'] | null = null
  #seq = 0

  constructor(saga: AnySaga) {
    this.#saga = saga
  }

  read({ seq, at, body }: Entry): void {
    this.#seq += 1
    if (seq !== this.#seq) this.faults.push(`entry ${seq} stands where entry ${this.#seq} belongs`)
    if (body.type === 'hook.succeeded' || body.type === 'hook.failed') {
      if (!this.ended) this.faults.push(`entry ${seq}, ${body.type}, comes before the run is done`)
      if (body.type === 'hook.succeeded') this.hooks.push(body.hook)
      return
    }
    if (this.ended) this.faults.push(`entry ${seq}, ${body.type}, comes after the end of the run`)
    if (body.type === 'step.checkpoint') this.checkpoints.set(body.step, Number(body.value))
    const outcome = outcomeOf(body)
    if (outcome !== null) this.#settle(outcome)
    const decision = this.#decide(body, at)
    if (decision === null) {
      this.faults.push(`entry ${seq}, ${body.type}, means nothing here`)
      return
    }
    this.#snapshot = decision.snapshot
    for (const effect of decision.effects) this.#perform(effect, at)
    this.ended = decision.snapshot.status === 'done'
  }

  #decide(body: EntryBody, at: number): Decision | null {
    const { machine } = this.#saga
    if (body.type === 'run.started') return begin(machine, body.input)
    const event = body.type === 'timer.fired' ? this.#fire(body.timer, at) : eventOf(body)
    if (event === undefined || this.#snapshot === null) return null
    return decide(machine, this.#snapshot, event)
  }

  #fire(name: string, at: number): SagaEvent | undefined {
    const timer = this.#timers.get(name)
    this.#timers.delete(name)
    if (timer !== undefined && at < timer.due - clockGrain)
      this.faults.push(`'${name}' fired at ${at}, due at ${timer.due}`)
    return timer?.event
  }

  #perform(effect: Effect, at: number): void {
    if (effect.type === 'start') {
      this.#settle('left')
      this.announced.push({ effect: nameOf(effect), settled: null, settledBy: null })
    } else if (effect.type === 'stop') this.#settle('left')
    else if (effect.type === 'schedule') {
      const due = at + effect.delay
      this.#timers.set(effect.timer, { due, event: effect.event })
      this.dues.add(due)
    } else this.#timers.delete(effect.timer)
  }

  #settle(how: Announced['settled']): void {
    const last = this.announced.at(-1)
    if (last === undefined || last.settled !== null) return
    this.announced.splice(-1, 1, { ...last, settled: how, settledBy: this.#seq })
  }
}

function nameOf({ actor, input }: Extract<Effect, { type: 'start' }>): string {
  return actor === 'compensate' && 'reason' in input
    ? `undo ${input.step} ${input.reason} ${input.attempt}`
    : `step ${input.step} ${input.attempt}`
}

function outcomeOf({ type }: EntryBody): Announced['settled'] {
  if (type === 'step.succeeded' || type === 'undo.succeeded') return 'succeeded'
  return type === 'step.failed' || type === 'undo.failed' ? 'failed' : null
}

/** What an entry is to the machine; undefined for one of which it knows nothing. */
function eventOf(body: EntryBody): MachineEvent | undefined {
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
      return undefined
  }
}
