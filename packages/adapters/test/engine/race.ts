import { type AnySaga, defineSaga, failure, HoldfastError, step } from '@holdfast/core'
import type { OutsideWorld } from './outside-world.js'

/** What a racing process is told. */
export interface RaceTask {
  readonly database: string
  readonly world: string
  /** Whether it starts runs; one that does not only finishes what is there, and ends. */
  readonly starts: boolean
}

/** Milliseconds for which leases last in a race: less than a process is stopped, more than a busy machine makes it wait. */
export const raceLease = 1000

/** Pieces of work that all processes want to do; two by two they need the same phone. */
export const raceJobs = 6

/** What the run of a job has for itself. */
export function phoneOf(job: number): string {
  return `phone ${job % 3}`
}

/** The saga of a race. Its second step fails at first; even jobs go on by themselves then, the others wait for somebody. */
export function raceSaga(world: OutsideWorld): AnySaga {
  const work = (name: string, fails: boolean) => async (context: { run: string; attempt: number }) => {
    const effect = `step ${name} ${context.attempt}`
    world.write('begin', context.run, effect)
    await new Promise((resolve) => setTimeout(resolve, 15))
    world.make(context.run, name)
    world.write('end', context.run, effect)
    return fails && context.attempt === 1 ? failure(new HoldfastError('NO_LUCK', 'not yet')) : { made: name }
  }
  return defineSaga({
    name: 'race',
    version: 1,
    resources: (job) => [phoneOf(Number(job))],
    key: (job) => `job ${Number(job)}`,
    steps: {
      a: step({ run: work('a', false) }),
      b: step({ run: work('b', true), autoRetry: { attempts: 1, delay: 20, jitter: 0 } }),
      c: step({ run: work('c', false), pivot: true }),
      d: step({ run: work('d', true) }),
    },
  })
}
