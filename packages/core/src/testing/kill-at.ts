import type { Journal } from '../journal/journal.js'
import type { Clock } from '../time/clock.js'
import { faulty, interceptCalls } from './faults/faulty.js'

/** A moment at which a process dies: just before its n-th commit, or just after it and before anybody hears of it. */
export interface KillPoint {
  /** 1 for the first commit. */
  readonly commit: number
  readonly when: 'before' | 'after'
}

/** A process that is to die within the process of a test: everything that it holds is given to it here. */
export interface MortalProcess {
  /** Its journal, through which it dies. One runner, one journal, one process. */
  journal(journal: Journal): Journal
  /** Its clock: no timer of a dead process fires. */
  clock(clock: Clock): Clock
  /** Any port of its own: a dead process calls nothing any more. Methods of promises hang, and so do iterations. */
  port<Port extends object>(port: Port): Port
  /** Dies now, wherever it is. Resolves when its leases are free, as those of a dead process are. */
  kill(): Promise<void>
  readonly isDead: boolean
  /** Commits that it began so far. */
  readonly commits: number
}

/**
 * Simulates the death of a process inside one test process. Once dead it writes nothing and hears nothing: what it asks its journal and
 * its ports is never answered, and its timers never fire. Then a new runner on the same store recovers, as the app does when it is
 * started again. Works with any journal. What a step does without a port given here cannot be stopped; real processes ended by SIGKILL
 * are the proof beyond this one.
 *
 * Without a point it dies only by `kill()`.
 *
 * @example
 * for (const point of killPoints(commits)) {
 *   const process = killAt(point)
 *   const runner = createRunner({ journal: process.journal(memoryJournal({ store, clock })), clock: process.clock(clock), sagas })
 *   void runner.start(saga, input)
 *   await clock.advance(60_000)
 *   await createRunner({ journal: memoryJournal({ store, clock }), clock, sagas }).recover()
 * }
 */
export function killAt(point: KillPoint | null = null): MortalProcess {
  const journals: Journal[] = []
  let commits = 0
  let isDead = false

  const kill = async (): Promise<void> => {
    if (isDead) return
    isDead = true
    // What the operating system does for a real one: nobody holds its leases any more.
    for (const journal of journals) await journal.close()
  }

  /** Makes a call of the living. It is not answered if the process has died when its answer comes. */
  const whileAlive = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    if (isDead) return never()
    try {
      const result = await call()
      return isDead ? await never() : result
    } catch (error) {
      if (isDead) return never()
      throw error
    }
  }

  const port = <Port extends object>(of: Port): Port =>
    interceptCalls(of, ({ proceed }) => {
      if (isDead) return silence()
      const result = proceed()
      if (result instanceof Promise) return whileAlive(() => result)
      return isAsyncIterable(result) ? untilDeath(result, () => isDead) : result
    })

  return {
    get isDead() {
      return isDead
    },
    get commits() {
      return commits
    },
    kill,
    journal: (journal) => {
      journals.push(journal)
      return faulty(port(journal), {
        commit: async (call) => {
          if (isDead) return never()
          commits += 1
          const isLast = point !== null && commits === point.commit
          if (isLast && point.when === 'before') await kill()
          const results = await call.proceed()
          if (isLast) await kill()
          return isDead ? never() : results
        },
      }).port
    },
    clock: (clock) => ({
      now: () => clock.now(),
      setTimeout: (callback, milliseconds) =>
        clock.setTimeout(() => {
          if (!isDead) callback()
        }, milliseconds),
      clearTimeout: (handle) => clock.clearTimeout(handle),
    }),
    port,
  }
}

/** Every point at which a process with so many commits can be killed, in order. */
export function killPoints(commits: number): readonly KillPoint[] {
  return Array.from({ length: commits }, (_, index) => index + 1).flatMap((commit) => [
    { commit, when: 'before' },
    { commit, when: 'after' },
  ])
}

function never(): Promise<never> {
  return new Promise(() => {})
}

/** An answer that never comes, to whoever awaits it and to whoever iterates over it. */
function silence(): unknown {
  return Object.assign(never(), { [Symbol.asyncIterator]: () => ({ next: never }) })
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

async function* untilDeath(items: AsyncIterable<unknown>, isDead: () => boolean): AsyncIterable<unknown> {
  for await (const item of items) {
    if (isDead()) await never()
    yield item
    if (isDead()) await never()
  }
}
