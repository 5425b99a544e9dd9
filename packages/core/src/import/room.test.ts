import { expect, it } from 'vitest'
import { createRunner, HoldfastError, memoryJournal } from '../index.js'
import { MemoryLibrary } from '../testing/memory-library.js'
import { sampleAttachment, sampleMessage } from '../testing/sample-records.js'
import { ScriptedPhone } from '../testing/scripted-phone.js'
import {
  type BackupReader,
  backupImport,
  type ImportRecord,
  type Storage,
  type StorageSpace,
} from './index.js'

const pictures = ['p1', 'p2', 'p3'].map((guid) =>
  sampleAttachment(guid, 'm1', {
    claimedBytes: 1_000_000,
    ...(guid === 'p3' ? { unavailable: 'offloaded' } : {}),
  }),
)
const records: readonly ImportRecord[] = [sampleMessage('m1'), sampleMessage('m2'), ...pictures]
const content = new Map(pictures.map(({ key }) => [key, new Uint8Array(8)]))

/** A library on a volume that says how much is free, and that may be full all the same. */
class SmallLibrary extends MemoryLibrary {
  bytesFree: number | null = 0
  takesFilesOver = false
  isFull = false
  readonly heldKeys = new Set<string>()

  readonly space: StorageSpace = {
    rooms: async () => {
      const { bytesFree, takesFilesOver } = this
      return [{ path: '/small', holds: ['rows', 'content'], bytesFree, takesFilesOver }]
    },
    held: async (_, attachments) => attachments.map(({ key }) => this.heldKeys.has(key)),
  }

  override async write(...call: Parameters<Storage['write']>): Promise<void> {
    if (this.isFull && call[1].records.some(({ type }) => type === 'attachment')) {
      throw new HoldfastError('DISK_FULL', 'The disk is full', {
        hint: 'Free some space.',
        facts: { path: '/small/attachments', bytesFree: 0, bytesNeeded: 5 },
      })
    }
    await super.write(...call)
  }
}

function setUp(whenShortOfRoom?: 'ask' | 'tell') {
  const phone = new ScriptedPhone({ records, content })
  const library = new SmallLibrary()
  let closerLooks = 0
  const reader: BackupReader = {
    open: async (path) => ({
      ...(await phone.open(path)),
      claimedBytes: async () => 3_000_000,
      attachments: async function* () {
        closerLooks += 1
        yield pictures
      },
      contentFile: async ({ guid }) => (guid === 'p1' ? '/backup/p1' : null),
    }),
  }
  const saga = backupImport({
    device: phone,
    reader,
    storage: library,
    batchSize: 2,
    ...(whenShortOfRoom === undefined ? {} : { whenShortOfRoom }),
  })
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
  const start = () => runner.start(saga, { cleanup: 'keep' }, { owner: 'me' })
  return { library, start, closerLooks: () => closerLooks }
}

/** Bytes of the rows of all records in the estimate. */
const rowBytes = records.length * 1536

it('an estimate that finds too little room is told with the run, which is stored all the same', async () => {
  const { library, start } = setUp()
  library.bytesFree = 1_500_000
  const outcome = await (await start()).outcome()
  expect(outcome).toMatchObject({
    status: 'done',
    facts: { shortOfRoom: { path: '/small', bytesNeeded: 2_000_000 + rowBytes, bytesFree: 1_500_000 } },
  })
  expect(library.visible()).toHaveLength(records.length)
})

it.each([
  ['what is free suffices for all that the backup claims', { bytesFree: 4_000_000 }, 0],
  ['the volume does not say what is free', { bytesFree: null }, 0],
  ['what the backup does not hold need not fit', { bytesFree: 2_100_000 }, 1],
])('nothing is told where %s', async (_, volume, closerLooks) => {
  const small = setUp()
  Object.assign(small.library, volume)
  const { facts } = await (await small.start()).outcome()
  expect(facts).not.toHaveProperty('shortOfRoom')
  expect(small.closerLooks()).toBe(closerLooks)
})

it('what the library holds already, and files of the backup that it takes over, need no room', async () => {
  const held = setUp()
  held.library.bytesFree = 1_100_000
  held.library.heldKeys.add(pictures[0]?.key ?? '')
  expect((await (await held.start()).outcome()).facts).not.toHaveProperty('shortOfRoom')
  const linked = setUp()
  Object.assign(linked.library, { bytesFree: 900_000, takesFilesOver: true })
  expect((await (await linked.start()).outcome()).facts).not.toHaveProperty('shortOfRoom')
})

it('where the host wants to be asked, only true goes on; anything else parks before anything is stored', async () => {
  const { library, start } = setUp('ask')
  library.bytesFree = 1000
  const run = await start()
  const asked = () =>
    new Promise<void>((resolve) => {
      if (run.view.getSnapshot().ask !== null) resolve()
      else run.events.once('run.asked', () => resolve())
    })
  await asked()
  expect(run.view.getSnapshot().ask).toMatchObject({
    kind: 'space',
    message: expect.stringContaining('/small'),
  })
  await run.provide('space', 'no')
  expect(await run.outcome()).toMatchObject({
    status: 'retryable',
    step: 'store',
    error: { code: 'DISK_FULL', retryable: true, facts: { path: '/small', bytesFree: 1000 } },
  })
  await run.retry()
  await asked()
  await run.provide('space', true)
  expect((await run.outcome()).status).toBe('done')
})

it('what was short of room is no longer told when the next attempt finds enough', async () => {
  const { library, start } = setUp()
  Object.assign(library, { bytesFree: 0, isFull: true })
  const run = await start()
  expect((await run.outcome()).facts).toHaveProperty('shortOfRoom')
  Object.assign(library, { bytesFree: 10_000_000, isFull: false })
  await run.retry()
  expect(await run.outcome()).toMatchObject({ status: 'done', facts: { backupPath: '/backups/scripted' } })
  expect((await run.outcome()).facts).not.toHaveProperty('shortOfRoom')
})

it('a write that finds the disk full parks with what all that remains takes', async () => {
  const { library, start } = setUp()
  Object.assign(library, { bytesFree: 10_000_000, isFull: true })
  const run = await start()
  expect(await run.outcome()).toMatchObject({
    status: 'retryable',
    error: {
      code: 'DISK_FULL',
      hint: expect.stringMatching(/^About 3 MB are still to be written/),
      facts: { path: '/small/attachments', bytesFree: 0, bytesNeeded: 2_000_000 + 3 * 1536 },
    },
  })
  library.isFull = false
  await run.retry()
  expect((await run.outcome()).status).toBe('done')
})
