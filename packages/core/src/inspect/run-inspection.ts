import type { InspectionEvent } from 'xstate'
import type { HoldfastError } from '../errors/holdfast-error.js'
import { reportError } from '../errors/holdfast-error.js'
import type { EntryBody } from '../journal/entry.js'
import type { RunIdentity } from '../journal/journal.js'
import type { JsonObject } from '../json/json.js'
import type { Effect, MachineEvent } from '../machine/decide.js'
import type { SagaSnapshot } from '../machine/define-saga.js'
import { stepInput, undoInput } from '../machine/saga-context.js'
import { active, done, failed, InspectedActor, type InspectedState, stopped } from './inspected-actor.js'
import type { Redactor } from './redact.js'
import { redactBody, redactContext, redactError, redactFields } from './redact-run.js'

/** An attempt or an undo at work, by the id of the effect that started it. */
interface Working {
  readonly id: string
  readonly actor: string
}

/** What an inspection reads of the state of a run. */
export interface InspectedRun {
  readonly run: RunIdentity
  readonly snapshot: SagaSnapshot
  readonly seq: number
  /** The body of the last entry. */
  readonly last: EntryBody | null
  readonly working: Working | null
}

/** What the inspections of a runner share. */
export interface Inspecting {
  readonly definition: JsonObject
  readonly redactor: Redactor
  readonly tell: (event: InspectionEvent) => void
  /** Told what a redaction threw; `tell` never throws. */
  readonly onError: (error: unknown) => void
}

/**
 * Tells of one run in the events in which XState tells of its actors. The run is an actor, each attempt of a step and each undo a
 * child of it. What is told is durable by then, and redacted.
 */
export class RunInspection {
  readonly #inspecting: Inspecting
  readonly #actor: InspectedActor
  #child: InspectedActor | null = null
  #shown: JsonObject = {}
  #seq = 0
  #isSuspended = false

  /** Announces the run with its present state. */
  constructor(state: InspectedRun, inspecting: Inspecting) {
    this.#inspecting = inspecting
    const { definition, tell } = inspecting
    const sessionId = `holdfast:${state.run.id}`
    // XState's roots have their session id for an id too; inspectors then show the name of the definition.
    this.#actor = new InspectedActor({ sessionId, id: sessionId, src: state.run.saga, definition, tell })
    this.#guarded(() => this.#actor.announce(this.#read(state), { type: 'xstate.init' }))
  }

  /** An entry is durable. `event` is what the machine made of it; null when it has nothing to do with the machine. */
  changed(
    {
      state,
      effects,
    }: { readonly state: InspectedRun; readonly effects: readonly (Effect & { readonly id: string })[] },
    event: MachineEvent | null,
  ): void {
    this.#guarded(() => {
      const { last } = state
      const told =
        last === null ? { type: 'xstate.init' } : redactBody(event ?? last, this.#inspecting.redactor)
      const isBeginning = last === null || last.type === 'run.started'
      if (!isBeginning) this.#actor.receive(told, this.#hearChild(last))
      for (const effect of effects) {
        if (effect.type === 'start') this.#start(effect, state)
        else if (effect.type === 'stop') this.#stop()
      }
      const shown = this.#read(state)
      // The state in which the run begins was announced.
      if (!isBeginning) this.#actor.become(shown, told)
    })
  }

  /** This process drives the run from here on, and begins what was at work anew. */
  resumed(state: InspectedRun): void {
    this.#guarded(() => {
      const isNews = this.#isSuspended || state.seq !== this.#seq
      this.#isSuspended = false
      if (state.working !== null) this.#start(state.working, state)
      const shown = this.#read(state)
      if (isNews) this.#actor.become(shown, { type: 'holdfast.resumed' })
    })
  }

  /** This process drives the run no longer. */
  suspended(reason: HoldfastError): void {
    this.#guarded(() => {
      this.#isSuspended = true
      this.#stop()
      const error = redactError(reportError(reason), this.#inspecting.redactor)
      this.#actor.become(stopped(this.#shown), { type: 'holdfast.suspended', error })
    })
  }

  /** The state as inspectors show it, in the form in which XState writes its own as JSON; sagas use neither history nor tags. */
  #read({ snapshot, seq, working }: InspectedRun): InspectedState {
    const { value, context, status } = snapshot
    this.#seq = seq
    this.#shown = {
      value,
      context: redactContext(context, this.#inspecting.redactor),
      historyValue: {},
      children: working === null ? {} : { [working.actor]: { xstate$$type: 1, id: working.actor } },
      tags: [],
    }
    return status === 'active' ? active(this.#shown) : done(this.#shown)
  }

  /** Whether an entry came from the child, which is then told to have ended where the entry says so. */
  #hearChild(last: EntryBody): InspectedActor | undefined {
    const child = this.#child
    if (child === null) return undefined
    const { redactor } = this.#inspecting
    switch (last.type) {
      case 'step.succeeded':
        this.#end(child, done({}, redactor.data(last.output)))
        return child
      case 'undo.succeeded':
        this.#end(child, done({}))
        return child
      case 'step.failed':
      case 'undo.failed':
        this.#end(child, failed({}, redactError(last.error, redactor)))
        return child
      case 'step.checkpoint':
      case 'run.asked':
        return child
      default:
        return undefined
    }
  }

  #start({ id, actor }: Working, { snapshot: { context } }: InspectedRun): void {
    this.#stop()
    const sessionId = `holdfast:${id}`
    const { redactor, tell } = this.#inspecting
    const child = new InspectedActor({ sessionId, id: actor, src: actor, parent: this.#actor, tell })
    this.#child = child
    const input = actor === 'compensate' ? undoInput(context) : stepInput(context, actor)
    const shown = redactFields(input, redactor)
    child.announce(active({ input: shown }), { type: 'xstate.init', input: shown })
  }

  /** As XState's own promise actors end. */
  #end(child: InspectedActor, state: InspectedState): void {
    this.#child = null
    const event =
      state.status === 'done'
        ? { type: 'xstate.promise.resolve', data: state.output }
        : { type: 'xstate.promise.reject', data: state.error }
    child.receive(event, child)
    child.become(state, event)
  }

  #stop(): void {
    const child = this.#child
    if (child === null) return
    this.#child = null
    child.receive({ type: 'xstate.stop' }, this.#actor)
    child.become(stopped({}), { type: 'xstate.stop' })
  }

  #guarded(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#inspecting.onError(error)
    }
  }
}
