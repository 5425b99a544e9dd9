import fc from 'fast-check'
import {
  type Clock,
  defineSaga,
  failure,
  HoldfastError,
  type Saga,
  type Step,
  type StepContext,
  step,
} from '../src/index.js'
import { anyShape, provenFrom, type SagaShape } from './generated-sagas.js'

/** What an attempt of a step does. */
export const deeds = [
  'succeed',
  'throw',
  'return a failure',
  'fail for good',
  'refute',
  'refute for good',
  'ask',
  'hang',
  'save',
  'be slow',
  'be deaf',
] as const
/** What an undo does. */
export const undoDeeds = ['succeed', 'throw', 'fail for good', 'be slow'] as const

export type Deed = (typeof deeds)[number]
type UndoDeed = (typeof undoDeeds)[number]

/** A saga's shape, and what its steps and undos do at each of their executions; afterwards they succeed. */
export interface Script {
  readonly shape: SagaShape
  readonly runs: readonly (readonly Deed[])[]
  readonly undos: readonly (readonly UndoDeed[])[]
}

/** Something that is executed. */
export interface Execution {
  readonly kind: 'run' | 'undo'
  readonly step: number
  readonly attempt: number
}

/** Any saga with any script. */
export function anyScript(length: { readonly min: number; readonly max: number }): fc.Arbitrary<Script> {
  return anyShape(length).chain((shape) => {
    // A run that fails at every turn never comes far enough to have much to undo.
    const of = <Name extends string>(success: Name, namesOf: (index: number) => readonly Name[]) =>
      fc.tuple(
        ...shape.steps.map((_, index) => {
          const names = namesOf(index)
          const deed = fc.oneof(
            { weight: names.length, arbitrary: fc.constant(success) },
            { weight: names.length, arbitrary: fc.constantFrom(...names) },
          )
          return fc.array(deed, { maxLength: 5, size: 'max' })
        }),
      )
    const refuting: readonly Deed[] = ['refute', 'refute', 'refute for good']
    return fc.record<Script>({
      shape: fc.constant(shape),
      runs: of<Deed>('succeed', (index) => (index === shape.verifies?.by ? [...deeds, ...refuting] : deeds)),
      undos: of<UndoDeed>('succeed', () => undoDeeds),
    })
  })
}

/**
 * A saga that follows its script, in whichever process it is executed. `around` is told of each execution and calls it; each process
 * has its own clock.
 */
export function scriptedSagas({ shape, runs, undos }: Script) {
  const { verifies } = shape
  const counts = new Map<string, number>()
  const next = <Name>(
    list: readonly (readonly Name[])[],
    kind: string,
    index: number,
    otherwise: Name,
  ): Name => {
    const count = counts.get(`${kind} ${index}`) ?? 0
    counts.set(`${kind} ${index}`, count + 1)
    return list[index]?.[count] ?? otherwise
  }
  return (
    clock: Clock,
    around: <Result>(execution: Execution, call: () => Promise<Result>) => Promise<Result>,
  ): Saga => {
    const steps: Record<string, Step> = {}
    for (const [index, { undo, tries, undoTries, autoRetries }] of shape.steps.entries()) {
      const canUndo = undo && (shape.pivot === null || index <= shape.pivot)
      steps[`s${index + 1}`] = step<unknown>({
        run: (context) =>
          around({ kind: 'run', step: index, attempt: context.attempt }, () =>
            perform(next(runs, 'run', index, 'succeed'), clock, context),
          ),
        ...(canUndo
          ? {
              compensate: ({ attempt }) =>
                around({ kind: 'undo', step: index, attempt }, async () => {
                  // What an undo returns is of no interest, unless it says that it failed.
                  await perform(next(undos, 'undo', index, 'succeed'), clock, null)
                }),
            }
          : {}),
        retry: { attempts: tries, delay: 100, maxDelay: 1000 },
        compensateRetry: { attempts: undoTries, delay: 100, maxDelay: 1000 },
        ...(autoRetries > 0 ? { autoRetry: { attempts: autoRetries, delay: 1000 } } : {}),
        ...(verifies?.by === index ? { verifies: provenFrom(steps[`s${verifies.from + 1}`]) } : {}),
        pivot: index === shape.pivot,
      })
    }
    return defineSaga({ name: 'scripted', version: 1, steps })
  }
}

async function perform(deed: Deed, clock: Clock, context: StepContext | null): Promise<unknown> {
  switch (deed) {
    case 'throw':
      throw new Error('thrown')
    case 'return a failure':
      return failure(new Error('returned'))
    case 'fail for good':
      throw new HoldfastError('HOPELESS', 'failed for good', { retryable: false })
    case 'refute':
      throw new HoldfastError('REFUTED', 'what came before is wrong')
    case 'refute for good':
      return failure(new HoldfastError('REFUTED', 'what came before is wrong', { retryable: false }))
    case 'ask':
      return context?.ask({ kind: 'word', message: 'Say a word' })
    case 'hang':
      return pause(clock, null, context?.signal)
    case 'be slow':
      return pause(clock, 300, context?.signal)
    case 'be deaf':
      return pause(clock, 300, undefined)
    case 'save':
      await context?.saveCheckpoint({ after: context.attempt })
      return 'saved'
    default:
      return 'done'
  }
}

/** Waits so long, or for ever; an abort ends it. */
function pause(clock: Clock, milliseconds: number | null, signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve, reject) => {
    if (milliseconds !== null) clock.setTimeout(() => resolve(null), milliseconds)
    signal?.addEventListener('abort', () => reject(signal.reason))
    if (signal?.aborted === true) reject(signal.reason)
  })
}
