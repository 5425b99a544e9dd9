import { type AnyActorLogic, fromPromise } from 'xstate'
import { HoldfastError } from '../errors/holdfast-error.js'
import { type JsonObject, toJson } from '../json/json.js'
import type { SagaDefinition } from '../saga/saga-definition.js'
import type { Step, StepContext, UndoContext } from '../saga/step.js'
import type { InvokedStepInput, UndoInput } from './saga-context.js'

/**
 * The machine's own actors: they run the steps as they are, in memory, for hosts that drive the machine with `createActor`.
 * There is no journal then: checkpoints live in the machine's context, and nobody can be asked. The durable runner does not use them.
 * The type is open, because a host may provide any actors in their place.
 */
export function sagaActors<Facts extends JsonObject>(
  saga: SagaDefinition<Facts>,
): Record<string, AnyActorLogic> {
  const actors: Record<string, AnyActorLogic> = {}
  const stepActor = (run: (context: StepContext) => unknown) =>
    fromPromise<unknown, InvokedStepInput>(async ({ input, signal }) =>
      run({
        run: 'in-memory',
        owner: '',
        step: input.step,
        attempt: input.attempt,
        input: input.input,
        checkpoint: input.checkpoint,
        signal,
        output: readOutputs(saga, input.outputs),
        saveCheckpoint: async (checkpoint) => {
          input.parent.send({
            type: 'CHECKPOINT',
            step: input.step,
            value: toJson(checkpoint, 'a checkpoint'),
          })
        },
        progress: () => {},
        activity: () => {},
        ask: async (request) => {
          throw new HoldfastError('NOTHING_ASKED', `There is no runner to ask for ${request.kind}`, {
            retryable: false,
          })
        },
      }),
    )
  const undoActor = () =>
    fromPromise<unknown, UndoInput>(async ({ input }) => {
      const step = saga.steps.find(({ name }) => name === input.step)
      return step?.compensate?.(undoContext(saga, input, { run: 'in-memory', owner: '' }))
    })
  for (const step of saga.steps) actors[step.name] = stepActor(step.run)
  actors['compensate'] = undoActor()
  return actors
}

/** Reads outputs of finished steps by step object. */
export function readOutputs<Facts extends JsonObject>(
  saga: SagaDefinition<Facts>,
  outputs: JsonObject,
): <Output>(step: Step<Output>) => Output {
  return <Output>(step: Step<Output>) => {
    const name = saga.nameOf(step)
    if (name === undefined || !Object.hasOwn(outputs, name)) {
      throw new HoldfastError('OUTPUT_MISSING', `Step '${name ?? 'of another saga'}' has not finished`, {
        hint: 'A step can read the outputs of the steps before it.',
        retryable: false,
      })
    }
    // What this very step object returned went through JSON and is read under its name.
    return outputs[name] as Output
  }
}

/** The context of an undo, from what the machine invoked `compensate` with. */
export function undoContext<Facts extends JsonObject>(
  saga: SagaDefinition<Facts>,
  input: UndoInput,
  of: { readonly run: string; readonly owner: string },
): UndoContext {
  return {
    ...of,
    step: input.step,
    input: input.input,
    reason: input.reason,
    error: input.error,
    output: input.output,
    checkpoint: input.checkpoint,
    options: input.options,
    attempt: input.attempt,
    outputOf: <Output>(step: Step<Output>) => {
      const name = saga.nameOf(step)
      if (name === undefined || !Object.hasOwn(input.outputs, name)) return null
      // See readOutputs.
      return input.outputs[name] as Output
    },
  }
}
