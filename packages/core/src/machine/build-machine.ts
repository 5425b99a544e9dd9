import { setup } from 'xstate'
import type { Json, JsonObject } from '../json/json.js'
import type { SagaDefinition } from '../saga/saga-definition.js'
import { changeOf } from './change-context.js'
import { retryableState } from './retryable-state.js'
import { sagaActors } from './saga-actors.js'
import type { SagaContext, SagaEvent } from './saga-context.js'
import { SagaOrder } from './saga-order.js'
import { stepState } from './step-state.js'
import { noSpan } from './try-span.js'
import { undoStates } from './undo-states.js'

/**
 * Makes the XState machine of a saga. It is an ordinary machine: states are the steps by name, then `compensating`, `retryable`,
 * `stuck` and the final `done` and `discarded`. Actors are the steps by name and `compensate`; a host may `.provide` others.
 *
 * Everything that a transition decides comes from the context and the event, so the same machine can be driven by `createActor`
 * and, through XState's pure `transition`, by a journal.
 */
export function buildMachine<Facts extends JsonObject>(saga: SagaDefinition<Facts>) {
  const order = new SagaOrder(saga.steps)
  const change = changeOf(saga)
  const states: Record<string, object> = {}
  for (const [index, step] of saga.steps.entries()) {
    states[step.name] = stepState(order, step, saga.steps[index + 1]?.name ?? null, change)
  }
  const { compensating, stuck } = undoStates(order)
  Object.assign(states, {
    compensating,
    retryable: retryableState(order, change),
    stuck,
    done: { type: 'final' },
    discarded: { type: 'final' },
  })

  const initial = saga.steps[0]?.name ?? 'done'
  return setup({
    // XState reads the type of this property and never its value; without the assertion there would be nothing to infer.
    // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
    types: {} as { context: SagaContext & Facts; events: SagaEvent; input: Json | undefined },
    actors: sagaActors(saga),
  }).createMachine({
    id: saga.name,
    version: String(saga.version),
    initial,
    context: ({ input }) => initialContext(saga, initial, input ?? null),
    states,
  })
}

function initialContext<Facts extends JsonObject>(
  saga: SagaDefinition<Facts>,
  step: string,
  input: Json,
): SagaContext & Facts {
  return {
    ...saga.facts({ input, outputs: {}, checkpoints: {} }),
    input,
    // The first step is entered with the run.
    step,
    attempt: 1,
    attempts: { [step]: 1 },
    tries: 1,
    trySpan: noSpan,
    waiting: false,
    error: null,
    outputs: {},
    checkpoints: {},
    finished: [],
    pastPivot: false,
    parkedAt: null,
    autoRetries: 0,
    parkSpan: noSpan,
    undo: null,
    ask: null,
  }
}
