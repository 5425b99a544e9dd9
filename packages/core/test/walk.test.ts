import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backupImport } from '../src/import/index.js'
import { isHoldfastError, type Json } from '../src/index.js'
import { engineStates } from '../src/saga/saga-definition.js'
import {
  type Invariant,
  MemoryLibrary,
  receiptFor,
  ScriptedPhone,
  type WalkOptions,
  type WalkReport,
  walkSaga,
} from '../src/testing/index.js'
import { anyShape, isLong, type SagaShape, sagaOfShape, seed, shapesOf } from './generated-sagas.js'

/** The code of an error that has one. */
function codeOf(error: unknown): string | null {
  return isHoldfastError(error) ? error.code : null
}

/** What several walks have seen together, in words as well. */
function together(reports: readonly WalkReport[]) {
  const sum = (what: 'states' | 'transitions' | 'paths'): number =>
    reports.reduce((total, report) => total + report[what], 0)
  const [states, transitions, paths] = [sum('states'), sum('transitions'), sum('paths')]
  return {
    states,
    transitions,
    paths,
    text: `${reports.length} sagas: ${states} states, ${transitions} transitions, ${paths} paths`,
  }
}

describe('every path of the backup import', () => {
  const phone = new ScriptedPhone({ records: [], content: new Map() })
  const saga = backupImport({ device: phone, reader: phone, storage: new MemoryLibrary() })
  const backup = { path: '/backups/scripted', ownership: 'made' }
  const imported: readonly Invariant[] = [
    {
      name: 'cleanup never starts without the receipt of verify',
      holds: ({ effects }) =>
        effects.every(
          (effect) =>
            effect.type !== 'start' ||
            effect.actor !== 'cleanup' ||
            effect.input.outputs['verify'] !== undefined,
        ),
    },
    {
      name: 'whoever is parked, stuck or discarded knows where the backup is, as soon as there is one',
      holds: ({ after: { context } }) => {
        const isThere = context.checkpoints['extract'] !== undefined || context.finished.includes('extract')
        const facts = new Map<string, unknown>(Object.entries(context))
        return facts.get('backupPath') === (isThere ? backup.path : null)
      },
    },
  ]

  it('keeps what every saga keeps, never cleans up without a receipt, and never forgets where the backup is', async ({
    annotate,
  }) => {
    // A receipt is plain JSON.
    const receipt = (await receiptFor({
      id: 'r',
      owner: 'me',
      fingerprint: 'f',
      udid: 'u',
    })) as unknown as Json
    const report = walkSaga(saga, {
      outputs: {
        extract: [{ backup, source: 'what the reader says', totals: null }],
        store: [{ items: 25 }],
        verify: [receipt],
        cleanup: [
          { deleted: true, kept: null },
          { deleted: false, kept: 'changed' },
        ],
      },
      checkpoints: { extract: [backup] },
      asks: [
        { kind: 'password', message: 'The backup’s password', secret: true },
        { kind: 'trust', message: 'Tap Trust', secret: false },
      ],
      discards: [{ backup: 'keep' }, { backup: 'delete' }],
      invariants: imported,
    })
    await annotate(together([report]).text)
    expect(Object.keys(report.statesOf).sort()).toEqual(
      ['extract', 'store', 'verify', 'cleanup', ...engineStates].sort(),
    )
    expect(report.states).toBeGreaterThan(800)
    expect(report.transitions).toBeGreaterThan(3000)
    expect(report.paths).toBeGreaterThan(2500)
  })
})

describe(`every path of generated sagas (seed ${seed}; HOLDFAST_SEED repeats it)`, {
  timeout: 3_600_000,
}, () => {
  const walkAll = (shapes: readonly SagaShape[], options?: WalkOptions): readonly WalkReport[] =>
    shapes.map((shape) => {
      try {
        return walkSaga(sagaOfShape(shape), options)
      } catch (error) {
        throw new Error(`the saga ${JSON.stringify(shape)}`, { cause: error })
      }
    })

  it(`of up to ${isLong ? 'four' : 'two'} steps, with an undo and the pivot in every place`, async ({
    annotate,
  }) => {
    const reports = (isLong ? [1, 2, 3, 4] : [1, 2]).flatMap((length) =>
      walkAll(shapesOf(length, { tries: 1, undoTries: 1, autoRetries: 0 })),
    )
    const { text, states, transitions, paths } = together(reports)
    await annotate(text)
    expect(reports).toHaveLength(isLong ? 82 : 14)
    expect(states).toBeGreaterThan(1000)
    expect(transitions).toBeGreaterThan(4000)
    expect(paths).toBeGreaterThan(3000)
  })

  it(`of up to ${isLong ? 'three' : 'one'} steps that are retried, by themselves and by timers`, async ({
    annotate,
  }) => {
    const reports = (isLong ? [1, 2, 3] : [1]).flatMap((length) =>
      walkAll(shapesOf(length, { tries: 2, undoTries: 2, autoRetries: 1 })),
    )
    const { text, states, transitions, paths } = together(reports)
    await annotate(text)
    expect(reports).toHaveLength(isLong ? 36 : 4)
    expect(states).toBeGreaterThan(500)
    expect(transitions).toBeGreaterThan(2000)
    expect(paths).toBeGreaterThan(1500)
  })

  it(`of ${isLong ? 'four' : 'three'} steps, one of which finds the work of earlier ones wrong`, async ({
    annotate,
  }) => {
    const last = isLong ? 3 : 2
    const shapes = shapesOf(last + 1, { tries: 1, undoTries: 1, autoRetries: 1 })
      .filter(({ pivot }) => pivot === last)
      .flatMap((shape): readonly SagaShape[] =>
        Array.from({ length: last }, (_, from) => ({ ...shape, verifies: { by: last, from } })),
      )
      // Every shape in the long version, every third in the normal one.
      .filter((_, index) => isLong || index % 3 === 0)
    const reports = walkAll(shapes)
    const { text, states, transitions, paths } = together(reports)
    await annotate(text)
    expect(states).toBeGreaterThan(800)
    expect(transitions).toBeGreaterThan(3000)
    expect(paths).toBeGreaterThan(2500)
  })

  it('of eight steps, each with an undo up to the pivot', async ({ annotate }) => {
    const steps = Array.from({ length: 8 }, () => ({ undo: true, tries: 1, undoTries: 1, autoRetries: 0 }))
    const reports = walkAll([{ steps, pivot: 6 }])
    const { text, states, transitions, paths } = together(reports)
    await annotate(text)
    expect(states).toBeGreaterThan(600)
    expect(transitions).toBeGreaterThan(2500)
    expect(paths).toBeGreaterThan(2000)
  })

  it(`of up to ${isLong ? 'eight' : 'three'} steps, drawn at random, each with policies of its own`, async ({
    annotate,
  }) => {
    const shapes = fc.sample(anyShape({ min: 1, max: isLong ? 8 : 3 }), { seed, numRuns: isLong ? 40 : 4 })
    let endless = 0
    const reports = shapes.flatMap((shape) => {
      try {
        return walkAll([shape], { limit: 25_000 })
      } catch (error) {
        // Where everything is retried and nothing is a pivot there are millions of states: the nearest were checked, the others are left.
        if (!(error instanceof Error) || codeOf(error.cause) !== 'WALK_TOO_LONG') throw error
        endless += 1
        return []
      }
    })
    const { text, states } = together(reports)
    await annotate(`${text}; ${endless} more, to 25000 states each`)
    expect(reports.length).toBeGreaterThan(shapes.length / 2)
    expect(states).toBeGreaterThanOrEqual(32 * reports.length)
  })
})
