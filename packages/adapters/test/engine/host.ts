import { isHoldfastError, type Run } from '@holdfast/core'
import type { OutsideWorld } from './outside-world.js'
import { secretAnswer } from './sagas.js'
import type { Scenario, Wish } from './scenarios.js'

/** Does with a run what the scenario's host wants, until it wants to leave. */
export async function accompany(run: Run, scenario: Scenario, world: OutsideWorld): Promise<void> {
  for (;;) {
    const view = run.view.getSnapshot()
    if (view.suspended !== null) throw new Error(`${scenario.name} is suspended: ${view.suspended.message}`)
    const wish = scenario.host(view)
    if (wish === 'leave') return
    if (wish === 'wait') await changed(run)
    else await grant(wish, run, world)
  }
}

async function grant(wish: Exclude<Wish, 'wait' | 'leave'>, run: Run, world: OutsideWorld): Promise<void> {
  if (wish === 'cancel') await run.cancel()
  else if (wish === 'discard') await run.discard()
  else if (wish === 'answer') await run.provide('password', secretAnswer)
  else {
    if (wish === 'repair, then retry' && !world.has('repair', run.id, 'b')) world.write('repair', run.id, 'b')
    if (wish === 'be refused a discard, then retry') await beRefused(run)
    await run.retry()
  }
}

async function beRefused(run: Run): Promise<void> {
  try {
    await run.discard()
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'RUN_PAST_PIVOT') return
    throw error
  }
  throw new Error('a run past its pivot was discarded')
}

function changed(run: Run): Promise<void> {
  return new Promise((resolve) => {
    const stop = run.view.subscribe(() => {
      stop()
      resolve()
    })
  })
}
