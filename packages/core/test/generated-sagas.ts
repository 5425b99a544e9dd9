import fc from 'fast-check'
import { defineSaga, type Saga, type Step, type StepOptions, step } from '../src/index.js'

/** What of a step shapes the machine of its saga. */
export interface StepShape {
  readonly undo: boolean
  /** Tries of the step by its own policy. */
  readonly tries: number
  /** Tries of its undo. */
  readonly undoTries: number
  /** Automatic retries of the parked run. */
  readonly autoRetries: number
}

/** What shapes the machine of a saga. */
export interface SagaShape {
  readonly steps: readonly StepShape[]
  /** Index of the pivot; null for a saga without one. */
  readonly pivot: number | null
  /** Which step proves those before it, from which one on. @default none */
  readonly verifies?: { readonly by: number; readonly from: number }
}

/** A saga of that shape; its steps do nothing. A step behind the pivot has no undo, whatever its shape says. */
export function sagaOfShape({ steps, pivot, verifies }: SagaShape): Saga {
  const made: Record<string, Step> = {}
  for (const [index, { undo, tries, undoTries, autoRetries }] of steps.entries()) {
    made[`s${index + 1}`] = step({
      run: () => null,
      ...(undo && (pivot === null || index <= pivot) ? { compensate: () => {} } : {}),
      retry: { attempts: tries },
      compensateRetry: { attempts: undoTries },
      ...(autoRetries > 0 ? { autoRetry: { attempts: autoRetries } } : {}),
      ...(verifies?.by === index ? { verifies: provenFrom(made[`s${verifies.from + 1}`]) } : {}),
      pivot: index === pivot,
    })
  }
  return defineSaga({ name: 'generated', version: 1, steps: made })
}

/** What a step that proves others, from this one on, refutes them by. */
export function provenFrom(from: Step | undefined): NonNullable<StepOptions<unknown>['verifies']> {
  if (from === undefined) throw new Error('a step proves only those before it')
  return { from, codes: ['REFUTED'] }
}

/** Every saga of so many steps, by which of them have an undo and which is the pivot; the policies are the same throughout. */
export function shapesOf(length: number, policies: Omit<StepShape, 'undo'>): readonly SagaShape[] {
  const pivots = [null, ...Array.from({ length }, (_, index) => index)]
  return pivots.flatMap((pivot) => {
    const undoable = pivot === null ? length : pivot + 1
    return Array.from({ length: 2 ** undoable }, (_, mask) => ({
      pivot,
      steps: Array.from({ length }, (__, index) => ({ ...policies, undo: ((mask >> index) & 1) === 1 })),
    }))
  })
}

/** Any saga of so many steps, with policies of its own for every step. */
export function anyShape(length: { readonly min: number; readonly max: number }): fc.Arbitrary<SagaShape> {
  const anyStep = fc.record<StepShape>({
    undo: fc.constantFrom(true, true, false),
    tries: fc.integer({ min: 1, max: 3 }),
    undoTries: fc.integer({ min: 1, max: 3 }),
    autoRetries: fc.integer({ min: 0, max: 2 }),
  })
  const anySteps = fc.array(anyStep, { minLength: length.min, maxLength: length.max, size: 'max' })
  return anySteps.chain((steps) =>
    fc
      .record({
        pivot: fc.option(fc.integer({ min: 0, max: steps.length - 1 }), { freq: 3 }),
        by: fc.option(fc.integer({ min: 1, max: Math.max(1, steps.length - 1) }), { freq: 6 }),
        before: fc.integer({ min: 1, max: Math.max(1, steps.length - 1) }),
      })
      .map(({ pivot, by, before }): SagaShape => {
        if (by === null || by >= steps.length) return { steps, pivot }
        // What lies behind the pivot proves only what lies there too.
        const first = pivot !== null && by > pivot ? pivot + 1 : 0
        const from = Math.max(first, by - before)
        return from < by ? { steps, pivot, verifies: { by, from } } : { steps, pivot }
      }),
  )
}

/** The seed of this test run's random choices; `HOLDFAST_SEED` repeats one. */
export const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000)
/** Whether the long versions of the random tests are wanted. */
export const isLong = process.env['HOLDFAST_LONG'] === '1'
