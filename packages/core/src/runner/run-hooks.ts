import { reportError } from '../errors/holdfast-error.js'
import type { EntryBody } from '../journal/entry.js'
import type { AnySaga } from '../machine/define-saga.js'
import { readOutputs } from '../machine/saga-actors.js'
import type { SagaContext } from '../machine/saga-context.js'
import type { SagaDefinition } from '../saga/saga-definition.js'
import { backoffDelay, jittered } from '../time/backoff.js'
import type { Clock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'
import { pendingHooks, type RunState } from './run-state.js'

/** What running the hooks of a done run needs of its driver. */
export interface HookedRun {
  readonly saga: AnySaga
  readonly clock: Clock
  /** The present state. */
  readonly state: () => RunState
  /** Whether this process still drives the run. */
  readonly isDriven: () => boolean
  /** Ends the pause before the next try: there will be none. */
  readonly end: AbortSignal
  /** Journals what became of a try; false when this process no longer drives the run. */
  readonly submit: (body: EntryBody) => Promise<boolean>
}

/** Runs the hooks that a done run still owes, one after the other, each until it has succeeded or used its tries. */
export async function runHooks(run: HookedRun): Promise<void> {
  for (const name of pendingHooks(run.saga, run.state())) {
    const hook = run.saga.definition.hooks.find((candidate) => candidate.name === name)
    if (hook === undefined) continue
    while (run.isDriven() && run.state().hooks.get(name)?.settled !== true) {
      const tries = run.state().hooks.get(name)?.tries ?? 0
      if (tries > 0) {
        const seed = `${run.state().run.id}:${name}:${tries}`
        await sleep(run.clock, jittered(backoffDelay(hook.retry, tries), hook.retry.jitter, seed), run.end)
        if (!run.isDriven()) return
        if (run.end.aborted) break
      }
      if (!(await run.submit(await tryHook(run, hook)))) return
    }
  }
}

async function tryHook(
  { saga, state }: HookedRun,
  hook: SagaDefinition['hooks'][number],
): Promise<EntryBody> {
  const { run, snapshot } = state()
  const { input, outputs }: SagaContext = snapshot.context
  try {
    await hook.run({ run: run.id, owner: run.owner, input, output: readOutputs(saga.definition, outputs) })
    return { type: 'hook.succeeded', hook: hook.name }
  } catch (error) {
    return { type: 'hook.failed', hook: hook.name, error: reportError(error) }
  }
}

/** Resolves when the time is over, or when `end` is aborted. */
function sleep(clock: Clock, milliseconds: number, end: AbortSignal): Promise<void> {
  if (end.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const over = (): void => {
      end.removeEventListener('abort', ended)
      resolve()
    }
    const stop = atDeadline(clock, clock.now() + milliseconds, over, milliseconds)
    const ended = (): void => {
      stop()
      over()
    }
    end.addEventListener('abort', ended)
  })
}
