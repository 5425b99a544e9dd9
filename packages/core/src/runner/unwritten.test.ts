import { expect, it } from 'vitest'
import { createRunner, defineSaga, HoldfastError, type Journal, memoryJournal, step } from '../index.js'

/** A step and a journal on one volume, which is full from the moment that the step finds it so until there is room. */
function onOneVolume() {
  const volume = { isFull: false }
  const inner = memoryJournal()
  const full = (path: string, bytesNeeded: number) =>
    new HoldfastError('DISK_FULL', `No room at ${path}`, {
      hint: `Free ${bytesNeeded} bytes.`,
      facts: { path, bytesNeeded, bytesFree: 0 },
    })
  const journal: Journal = {
    ...inner,
    commit: async (writes) => {
      if (volume.isFull) throw full('/journal', 10)
      return inner.commit(writes)
    },
    claim: async (runs) => {
      if (volume.isFull) throw full('/journal', 10)
      return inner.claim(runs)
    },
  }
  let isFirst = true
  const store = step({
    run: () => {
      if (isFirst) volume.isFull = true
      if (volume.isFull) throw full('/library', 5000)
      return 'stored'
    },
  })
  const saga = defineSaga({ name: 's', version: 1, steps: { store } })
  const runner = () => createRunner({ journal, sagas: [saga] })
  const makeRoom = () => {
    isFirst = false
    volume.isFull = false
  }
  return { runner, saga, makeRoom }
}

const suspended = {
  status: 'suspended',
  step: 'store',
  error: {
    code: 'DISK_FULL',
    message: 'No room at /library, and the journal has no room to say so',
    hint: 'Free 5000 bytes.',
    facts: { path: '/library', bytesNeeded: 5000, bytesFree: 0 },
  },
}

it('a failure that the journal has no room for suspends the run with what the step was short of', async () => {
  const { runner, saga, makeRoom } = onOneVolume()
  const run = await runner().start(saga, null)
  expect(await run.outcome()).toMatchObject(suspended)
  // As long as the disk is full nothing goes on, and nothing is lost by trying.
  await expect(run.retry()).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(await run.outcome()).toMatchObject({ status: 'suspended' })
  makeRoom()
  await run.retry()
  expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { store: 'stored' } })
})

it('the next start goes on with it once there is room', async () => {
  const { runner, saga, makeRoom } = onOneVolume()
  const before = runner()
  const { id } = await before.start(saga, null)
  await (await before.open(id)).outcome()
  await before.shutdown()
  const after = runner()
  makeRoom()
  const { resumed, setAside } = await after.recover()
  expect(setAside).toEqual([])
  expect(resumed.map((run) => run.id)).toEqual([id])
  expect(await resumed[0]?.outcome()).toMatchObject({ status: 'done', outputs: { store: 'stored' } })
})
