import type { AnyStateMachine, SnapshotFrom } from 'xstate'
import type { JsonObject } from '../json/json.js'
import { checkSaga, type SagaDefinition, type SagaOptions } from '../saga/saga-definition.js'
import { buildMachine } from './build-machine.js'

/** The XState machine of a saga. */
export type SagaMachine<Facts extends JsonObject = JsonObject> = ReturnType<typeof buildMachine<Facts>>

/** A state of a saga's machine, as XState gives it. */
export type SagaSnapshot = SnapshotFrom<SagaMachine>

/** A saga: its checked definition and its machine. */
export interface Saga<Facts extends JsonObject = JsonObject> {
  readonly definition: SagaDefinition<Facts>
  /** An ordinary XState 5 machine: drive it with `createActor`, replace its actors with `.provide`, open it in an inspector. */
  readonly machine: SagaMachine<Facts>
}

/** A saga whatever its facts: what a runner drives. XState's machine types do not convert into one another, so its type is open. */
export interface AnySaga {
  readonly definition: SagaDefinition
  readonly machine: AnyStateMachine
}

/**
 * Defines a saga: a sequence of steps, each with an undo.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SAGA_INVALID`.
 *
 * @example
 * const archive = defineSaga({
 *   name: 'archive-invoices',
 *   version: 1,
 *   steps: {
 *     collect: step({ run: listFiles }),
 *     store: step({ run: insertRows, compensate: deleteRows, retry: { attempts: 3 } }),
 *     verify: step({ run: compareHashes, pivot: true }),
 *     cleanup: step({ run: moveOriginals }),
 *   },
 * })
 */
export function defineSaga<Facts extends JsonObject = JsonObject>(options: SagaOptions<Facts>): Saga<Facts> {
  const definition = checkSaga(options)
  return { definition, machine: buildMachine(definition) }
}
