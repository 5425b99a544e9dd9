import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '@holdfast/core'
import type { Storage } from '@holdfast/core/import'
import { Gate, VirtualClock } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasEnded, type ProcessIdentity } from '../../src/process/process-identity.js'
import type { SyntheticBackup } from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'
import { Program } from '../engine/children.js'
import { Workshop } from '../import-workshop.js'
import { CabledPhone, phoneProgram } from './cabled-phone.js'
import type { KilledAppWords } from './killed-app.js'

const minute = 60_000

/** The phone is played by a process of its own (cabled-phone.ts); time by a clock that is turned by hand; everything else is real. */
describe('with a phone on its cable', () => {
  let workshop: Workshop
  let source: SyntheticBackup
  let phone: CabledPhone
  let clock: VirtualClock
  let backup: string
  beforeEach(async () => {
    workshop = new Workshop()
    source = await workshop.makeBackup({ seed: 31, messages: 60, attachments: 8 })
    backup = join(workshop.folder, 'made')
    phone = new CabledPhone(source.path, backup)
    clock = new VirtualClock()
  })
  afterEach(() => workshop.cleanUp())

  const openApp = (storage: (storage: Storage) => Storage = (same) => same) =>
    workshop.openApp({ device: () => phone, clock, storage })
  type App = ReturnType<typeof openApp>
  const start = async (app: App, mood: CabledPhone['mood']): Promise<Run> => {
    phone.mood = mood
    const isHeard = phone.saysSomething()
    const run = await app.import({ cleanup: 'keep' })
    if (mood !== 'hung') await isHeard
    return run
  }
  const expectAllStored = (app: App): void =>
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), source.truth)

  it('9: unplugging it while the backup is made parks the run, which goes on when it is back', async () => {
    const app = openApp()
    const run = await start(app, 'busy')
    expect(run.view.getSnapshot().needs).toEqual(['device'])
    app.runner.lose('device')
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'extract',
      error: { code: 'RESOURCE_LOST' },
      facts: { backupPath: backup },
    })
    expect(phone.isAtWork).toBe(false)
    phone.mood = 'quick'
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expectAllStored(app)
  })

  it('9: unplugging it once the backup is there disturbs nothing', async () => {
    const atStore = new Gate()
    const app = openApp((storage) => ({
      ...storage,
      begin: async (...call) => {
        await atStore.pass()
        return storage.begin(...call)
      },
    }))
    const run = await start(app, 'quick')
    await atStore.reached
    expect(run.view.getSnapshot()).toMatchObject({ state: 'store', needs: [] })
    app.runner.lose('device')
    atStore.open()
    expect((await run.outcome()).status).toBe('done')
    expect(phone.started).toBe(1)
    expectAllStored(app)
  })

  it('10: a quarter of an hour with signs of life and no progress is no hang', async () => {
    const app = openApp()
    const run = await start(app, 'busy')
    for (let passed = 0; passed < 15; passed++) {
      await clock.advance(minute)
      await phone.say('go on')
    }
    expect(run.view.getSnapshot()).toMatchObject({ state: 'extract', suspended: null })
    await phone.say('finish')
    expect((await run.outcome()).status).toBe('done')
    expectAllStored(app)
  })

  it('10: silence past the limit is a hang: the process is ended, the run parks, and a retry makes the backup', async () => {
    const app = openApp()
    const run = await start(app, 'hung')
    await waitUntil(() => phone.isAtWork)
    await clock.advance(phone.stall - 1)
    expect(run.view.getSnapshot().state).toBe('extract')
    await clock.advance(1)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'STEP_STALLED' } })
    expect(phone.isAtWork).toBe(false)
    phone.mood = 'quick'
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
  })

  it('11: a passcode that is never entered is waited for, however long, and a cancel ends the wait', async () => {
    const app = openApp()
    const run = await start(app, 'locked')
    // Fifteen times the limit for silence. Longer is only more renewals of the lease.
    await clock.advance(30 * minute)
    expect(run.view.getSnapshot()).toMatchObject({ state: 'extract', ask: { kind: 'passcode' } })
    expect(phone.isAtWork).toBe(true)
    await run.cancel()
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    expect(phone.isAtWork).toBe(false)
    expect(existsSync(backup)).toBe(false)
  })

  it('21: quitting while its process runs ends that process and parks the run, which the host retries when it starts again', async () => {
    const app = openApp()
    const run = await start(app, 'busy')
    await app.close()
    expect(phone.isAtWork).toBe(false)
    expect(existsSync(backup)).toBe(false)
    phone.mood = 'quick'
    const next = openApp()
    expect((await next.runner.recover()).resumed).toEqual([])
    // As docs/embedding.md has it.
    for (const { id, error } of await next.runner.runs({ status: ['retryable'] })) {
      if (error?.code === 'CANCELLED') await (await next.runner.open(id)).retry()
    }
    const again = await next.runner.open(run.id)
    expect((await again.outcome()).status).toBe('done')
    expect(phone.started).toBe(2)
    expectAllStored(next)
  })

  it('21: an app that is killed while its process runs leaves that behind, and the next start ends it before it makes the backup', async () => {
    const program = await Program.bundle('../scenarios/killed-app.ts')
    let left: ProcessIdentity | null = null
    try {
      const words: KilledAppWords = {
        folder: workshop.folder,
        phone: source.path,
        backup,
        program: phoneProgram,
      }
      const child = program.start(words)
      await child.ready
      child.kill('SIGKILL')
      expect((await child.ended).killed).toBe(true)
      // What CabledPhone wrote.
      left = JSON.parse(readFileSync(`${backup}.process`, 'utf8')) as ProcessIdentity
      expect(hasEnded(left)).toBe(false)

      const app = workshop.openApp({ device: () => phone })
      await app.runner.recover()
      const [header] = await app.runner.runs()
      if (header === undefined) throw new Error('the run is not there')
      const run = await app.runner.open(header.id)
      if ((await run.outcome()).status === 'retryable') await run.retry()
      expect((await run.outcome()).status).toBe('done')
      expect(hasEnded(left)).toBe(true)
      expect(phone.started).toBe(1)
      expect([existsSync(`${backup}.process`), existsSync(`${backup}.part`)]).toEqual([false, false])
      expectAllStored(app)
    } finally {
      if (left !== null && !hasEnded(left)) process.kill(left.pid, 'SIGKILL')
      program.remove()
    }
  }, 60_000)
})

/** Lets the event loop turn until something is so. */
async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
