import { type AnySaga, defineSaga, type Runner, step } from '@holdfast/core'

/** The saga of all engine benchmarks: four steps that do nothing, so that what is measured is the engine. */
export const fourSteps: AnySaga = defineSaga({
  name: 'four-steps',
  version: 1,
  steps: {
    extract: step({ run: () => 'ok' }),
    store: step({ run: () => 'ok' }),
    verify: step({ run: () => 'ok' }),
    cleanup: step({ run: () => 'ok' }),
  },
})

let started = 0

/** Starts a run that no other run is the same as, and waits for its end. Throws when that is not `done`. */
export async function runOne(runner: Runner, saga: AnySaga = fourSteps): Promise<void> {
  const run = await runner.start(saga, { run: started++ })
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(`a run ended ${JSON.stringify(outcome)}`)
}

/** Runs `total` sagas, always `concurrency` of them under way, and gives the sagas per second. */
export async function sagasPerSecond(runner: Runner, concurrency: number, total: number): Promise<number> {
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun < total) {
      begun++
      await runOne(runner)
    }
  }
  const since = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  return total / ((performance.now() - since) / 1000)
}
