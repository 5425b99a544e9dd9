import {
  type AnySaga,
  defineSaga,
  failure,
  HoldfastError,
  type Hook,
  type RetryPolicy,
  type Step,
  type StepContext,
  type StepOptions,
  step,
  type UndoContext,
} from '@holdfast/core'
import type { OutsideWorld } from './outside-world.js'

/** How a step behaves where it does not simply succeed. What it depends on is durable, so it is the same after any crash. */
export interface Behaviour {
  /** Attempts that fail. */
  readonly fails?: readonly number[]
  /** Attempts that fail and ask not to be tried again by themselves. */
  readonly failsForGood?: readonly number[]
  /** Attempts that work until they are told to end. */
  readonly waits?: readonly number[]
  readonly retry?: RetryPolicy
  readonly autoRetry?: RetryPolicy
  /** Parts that each end with a checkpoint. @default 0 */
  readonly parts?: number
  /** Whether it asks a human. */
  readonly asks?: boolean
  /** Whether it finds b wrong, until the host repairs what is wrong. */
  readonly unproven?: boolean
  /** Tries of its undo that fail; `broken`: all of them, until the host repairs what is wrong. */
  readonly undoFails?: readonly number[] | 'broken'
}

/** The steps of every saga here: two that are undone, the pivot, which is undone too, and one after it. */
export type StepName = 'a' | 'b' | 'c' | 'd'

/** The answer to what a step asks; it may be found nowhere. */
export const secretAnswer = 'correct horse battery staple'

/** Waits short enough for tests, and without chance: what is due can be computed from the journal. */
export const shortly = { delay: 10, backoff: 'constant', jitter: 0 } as const

/** A saga of the four steps whose effects are in the outside world. */
export function sagaIn(
  world: OutsideWorld,
  name: string,
  behaviours: Partial<Record<StepName, Behaviour>>,
): AnySaga {
  const stepNamed = (stepName: StepName, hasUndo: boolean, more: Partial<StepOptions<unknown>> = {}): Step =>
    behave(world, behaviours[stepName] ?? {}, hasUndo, more)
  const b = stepNamed('b', true)
  return defineSaga({
    name,
    version: 1,
    resources: () => [`phone of ${name}`],
    steps: {
      a: stepNamed('a', true),
      b,
      c: stepNamed('c', true, { pivot: true, verifies: { from: b, codes: ['NO_PROOF'] } }),
      d: stepNamed('d', false),
    },
    hooks: { link: hookIn(world, 'link', false), tell: hookIn(world, 'tell', true) },
  })
}

function behave(
  world: OutsideWorld,
  behaviour: Behaviour,
  hasUndo: boolean,
  more: Partial<StepOptions<unknown>>,
): Step {
  const { retry, autoRetry } = behaviour
  return step({
    run: (context) => runStep(world, behaviour, context),
    ...(hasUndo ? { compensate: (context: UndoContext) => undoStep(world, behaviour, context) } : {}),
    compensateRetry: { attempts: behaviour.undoFails === 'broken' ? 2 : 3, ...shortly },
    ...(retry === undefined ? {} : { retry }),
    ...(autoRetry === undefined ? {} : { autoRetry }),
    ...more,
  })
}

async function runStep(world: OutsideWorld, behaviour: Behaviour, context: StepContext): Promise<unknown> {
  const { run, step: name, attempt, signal } = context
  const effect = `step ${name} ${attempt}`
  world.write('begin', run, effect)
  try {
    await turn()
    for (let part = 1 + Number(context.checkpoint ?? 0); part <= (behaviour.parts ?? 0); part++) {
      world.write('part', run, `${name} ${part}`)
      await context.saveCheckpoint(part)
    }
    if (behaviour.asks === true)
      await context.ask({ kind: 'password', message: 'Its password', secret: true })
    if (behaviour.waits?.includes(attempt) === true) await aborted(signal)
    // Also an attempt that fails has done something that an undo has to take back.
    world.make(run, name)
    await turn()
    if (behaviour.fails?.includes(attempt) === true) return failure(new HoldfastError('NO_LUCK', 'not yet'))
    if (behaviour.unproven === true && !world.has('repair', run, 'b'))
      return failure(new HoldfastError('NO_PROOF', 'b is not what it should be'))
    if (behaviour.failsForGood?.includes(attempt) === true)
      return failure(new HoldfastError('NO_USE', 'not like this', { retryable: false }))
    return { made: name, attempt }
  } finally {
    world.write('end', run, effect)
  }
}

async function undoStep(world: OutsideWorld, behaviour: Behaviour, context: UndoContext): Promise<void> {
  const { run, step: name, attempt, reason } = context
  const effect = `undo ${name} ${reason} ${attempt}`
  world.write('begin', run, effect)
  try {
    await turn()
    const { undoFails = [] } = behaviour
    if (undoFails === 'broken' ? !world.has('repair', run, name) : undoFails.includes(attempt))
      throw new HoldfastError('NO_UNDO', `${name} is still there`)
    world.take(run, name)
    await turn()
  } finally {
    world.write('end', run, effect)
  }
}

/** A hook; one that is `unlucky` fails when it is run for the first time. */
function hookIn(world: OutsideWorld, name: string, unlucky: boolean): Hook {
  return {
    run: async ({ run }) => {
      const effect = `hook ${name}`
      const isFirst = !world.has('begin', run, effect)
      world.write('begin', run, effect)
      try {
        await turn()
        if (isFirst && unlucky) throw new HoldfastError('NO_MAIL', 'mail is down')
        world.make(run, effect)
      } finally {
        world.write('end', run, effect)
      }
    },
    retry: { attempts: 10, ...shortly },
  }
}

/** A moment in which a process can be killed from outside. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1)
  })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // Throws what the signal gives as its reason, which is a HoldfastError.
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
