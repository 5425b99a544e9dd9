import type { AnyEventObject, InspectedActorEvent, InspectionEvent, Snapshot } from 'xstate'
import type { Json, JsonObject } from '../json/json.js'

/** XState's type of the actor that an inspection event is about. */
type ActorRefLike = InspectedActorEvent['actorRef']

/** A state as inspectors show it: plain JSON, redacted. */
export type InspectedState = Snapshot<unknown> & { readonly [property: string]: unknown }

/** What an {@link InspectedActor} is made of. */
export interface ActorFacts {
  readonly sessionId: string
  readonly id: string
  readonly src: string
  readonly definition?: JsonObject
  readonly parent?: InspectedActor
  readonly tell: (event: InspectionEvent) => void
}

/**
 * What stands for a live actor in inspection events. The runner has none: it drives a run by its journal. So this one is for looking
 * at; what is sent to it goes nowhere.
 */
export class InspectedActor implements ActorRefLike {
  /** The same in every process, and of no other actor. */
  readonly sessionId: string
  /** Relative to the parent. */
  readonly id: string
  readonly src: string
  /** Where inspectors look for the definition of a machine; an attempt or an undo has none. */
  readonly logic: { readonly config?: JsonObject }
  /** The name under which inspectors read the parent. */
  readonly _parent: InspectedActor | undefined
  readonly #parent: InspectedActor | undefined
  readonly #rootId: string
  readonly #tell: (event: InspectionEvent) => void
  #state: InspectedState = active({})

  constructor({ sessionId, id, src, definition, parent, tell }: ActorFacts) {
    this.sessionId = sessionId
    this.id = id
    this.src = src
    this.logic = definition === undefined ? {} : { config: definition }
    // oxlint-disable-next-line no-underscore-dangle
    this._parent = parent
    this.#parent = parent
    this.#rootId = parent?.sessionId ?? sessionId
    this.#tell = tell
  }

  send(): void {}

  getSnapshot(): InspectedState {
    return this.#state
  }

  /** A reference, as XState's own actors give: nothing that writes it as JSON is led round in circles. */
  toJSON(): JsonObject {
    return { xstate$$type: 1, id: this.id }
  }

  /** Tells that the actor is there, in this state, by `event`. */
  announce(state: InspectedState, event: AnyEventObject): void {
    this.#state = state
    this.#tell({ type: '@xstate.actor', rootId: this.#rootId, actorRef: this })
    this.receive(event, this.#parent)
    this.become(state, event)
  }

  /** Tells that the actor was sent an event. */
  receive(event: AnyEventObject, sourceRef?: InspectedActor): void {
    this.#tell({ type: '@xstate.event', rootId: this.#rootId, actorRef: this, sourceRef, event })
  }

  /** Tells that the actor has another state, because of `event`. */
  become(snapshot: InspectedState, event: AnyEventObject): void {
    this.#state = snapshot
    this.#tell({ type: '@xstate.snapshot', rootId: this.#rootId, actorRef: this, snapshot, event })
  }
}

/** At work. */
export function active(more: JsonObject): InspectedState {
  return { ...more, status: 'active', output: undefined, error: undefined }
}

/** Ended, with what came of it. */
export function done(more: JsonObject, output?: Json): InspectedState {
  return { ...more, status: 'done', output, error: undefined }
}

/** Ended by an error. */
export function failed(more: JsonObject, error: Json): InspectedState {
  return { ...more, status: 'error', output: undefined, error }
}

/** Left before it had ended. */
export function stopped(more: JsonObject): InspectedState {
  return { ...more, status: 'stopped', output: undefined, error: undefined }
}
