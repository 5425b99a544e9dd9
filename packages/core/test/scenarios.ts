import { type AnySaga, defineSaga, failure, HoldfastError, type Run, step } from '../src/index.js'

/** What is outside of every process, and survives all of them. */
export interface World {
  /** What was done to it. */
  readonly applied: Set<string>
  /** Whether somebody has repaired what undos stumble over. */
  isRepaired: boolean
}

/** A saga, and a host that reacts to what it sees of the run. Nothing of it remembers anything that is not in the world or the journal. */
export interface Scenario {
  readonly name: string
  readonly saga: (world: World) => AnySaga
  /** What the host does when nothing happens by itself any more; null when it does nothing. */
  readonly host?: (run: Run, world: World) => Promise<unknown> | null
  /** Commits that a process needs to get anywhere: a question must be asked and answered in one life. @default 1 */
  readonly leastLife?: number
  /** How the run ends or rests. */
  readonly ends: 'done' | 'discarded' | 'retryable' | 'stuck'
}

const hopeless = new HoldfastError('BACKUP_ENCRYPTED', 'locked', { retryable: false })
const untilAborted = (signal: AbortSignal): Promise<null> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    if (signal.aborted) reject(signal.reason)
  })

const stateOf = (run: Run) => run.view.getSnapshot()

export const scenarios: readonly Scenario[] = [
  {
    name: 'success with checkpoints',
    ends: 'done',
    saga: ({ applied }) => {
      const rows = step({
        run: async ({ checkpoint, saveCheckpoint }) => {
          for (let row = Number(checkpoint ?? 0); row < 3; row++) {
            applied.add(`row ${row}`)
            await saveCheckpoint(row + 1)
          }
          return { rows: 3 }
        },
      })
      const check = step({ run: (context) => context.output(rows).rows === 3, pivot: true })
      return defineSaga({ name: 'rows', version: 1, steps: { rows, check } })
    },
  },
  {
    name: 'failures, backoff and automatic retries',
    ends: 'done',
    saga: ({ applied }) =>
      defineSaga({
        name: 'flaky',
        version: 1,
        steps: {
          a: step({ run: () => void applied.add('a') }),
          b: step({
            run: ({ attempt }) => {
              applied.add('b')
              return attempt < 4 ? failure(new Error(`attempt ${attempt}`)) : 'b'
            },
            compensate: () => void applied.delete('b'),
            retry: { attempts: 2, delay: 1000 },
            autoRetry: { attempts: 2, delay: 5000 },
          }),
          c: step({ run: () => void applied.add('c'), pivot: true }),
        },
      }),
  },
  {
    name: 'a failure for good, retried by hand past the pivot',
    ends: 'done',
    saga: ({ applied }) =>
      defineSaga({
        name: 'forward',
        version: 1,
        steps: {
          a: step({ run: () => void applied.add('a'), pivot: true }),
          b: step({
            run: ({ attempt }) => (attempt === 1 ? Promise.reject(hopeless) : void applied.add('b')),
            retry: { attempts: 3 },
            autoRetry: { attempts: 3 },
          }),
        },
      }),
    host: (run) => (stateOf(run).state === 'retryable' ? run.retry() : null),
  },
  {
    name: 'a step that keeps failing',
    ends: 'retryable',
    saga: ({ applied }) =>
      defineSaga({
        name: 'failing',
        version: 1,
        steps: {
          a: step({ run: () => void applied.add('a'), compensate: () => void applied.delete('a') }),
          b: step({
            run: () => failure(new Error('never')),
            compensate: () => {},
            retry: { attempts: 3, delay: 10 },
          }),
        },
        facts: ({ outputs }) => ({ collected: Object.hasOwn(outputs, 'a') }),
      }),
  },
  {
    name: 'a cancelled step that is retried',
    ends: 'done',
    saga: ({ applied }) =>
      defineSaga({
        name: 'cancelled',
        version: 1,
        steps: {
          a: step({ run: () => void applied.add('a') }),
          b: step({
            run: ({ attempt, signal }) => {
              applied.add('b')
              return attempt === 1 ? untilAborted(signal) : 'b'
            },
            compensate: () => void applied.delete('b'),
          }),
        },
      }),
    host: (run) => {
      const { state } = stateOf(run)
      if (state === 'b') return run.cancel()
      return state === 'retryable' ? run.retry() : null
    },
  },
  {
    name: 'a discard in the middle of a step',
    ends: 'discarded',
    saga: ({ applied }) =>
      defineSaga({
        name: 'discarded',
        version: 1,
        steps: {
          a: step({ run: () => void applied.add('a'), compensate: () => void applied.delete('a') }),
          b: step({ run: () => void applied.add('b'), compensate: () => void applied.delete('b') }),
          c: step({
            run: ({ signal }) => {
              applied.add('c')
              return untilAborted(signal)
            },
            compensate: ({ options }) => void (options['also'] === true && applied.delete('c')),
          }),
        },
      }),
    host: (run) => (stateOf(run).state === 'c' ? run.discard({ also: true }) : null),
  },
  {
    name: 'an undo that fails until somebody repairs what it stumbles over',
    ends: 'discarded',
    saga: (world) =>
      defineSaga({
        name: 'stuck',
        version: 1,
        steps: {
          a: step({
            run: () => void world.applied.add('a'),
            compensate: () => {
              if (!world.isRepaired) throw new Error('cannot undo')
              world.applied.delete('a')
            },
            compensateRetry: { attempts: 2, delay: 100 },
          }),
          b: step({ run: () => failure(new Error('no')), compensate: () => {} }),
        },
      }),
    host: (run, world) => {
      const { state } = stateOf(run)
      if (state === 'retryable') return run.discard()
      if (state !== 'stuck') return null
      world.isRepaired = true
      return run.retry()
    },
  },
  {
    name: 'a run that stays stuck',
    ends: 'stuck',
    saga: () =>
      defineSaga({
        name: 'hopeless',
        version: 1,
        steps: {
          a: step({ run: () => 'a', compensate: () => Promise.reject(hopeless) }),
          b: step({ run: () => failure(hopeless), compensate: () => failure(hopeless) as never }),
        },
      }),
  },
  {
    name: 'questions',
    ends: 'done',
    leastLife: 3,
    saga: ({ applied }) =>
      defineSaga({
        name: 'asking',
        version: 1,
        steps: {
          a: step({
            run: async ({ ask }) => {
              const password = await ask({ kind: 'password', message: 'The password', secret: true })
              applied.add(JSON.stringify(password))
              return null
            },
          }),
          b: step({ run: () => void applied.add('b') }),
        },
      }),
    host: (run) => (stateOf(run).ask === null ? null : run.provide('password', 'answered')),
  },
  {
    name: 'hooks that are retried, and one that never succeeds',
    ends: 'done',
    saga: ({ applied }) => {
      const a = step({ run: () => 7 })
      return defineSaga({
        name: 'hooked',
        version: 1,
        steps: { a },
        hooks: {
          tell: { run: ({ output }) => void applied.add(`told ${output(a)}`) },
          never: {
            run: () => Promise.reject(new Error('mail is down')),
            retry: { attempts: 3, delay: 100 },
          },
        },
      })
    },
  },
]
