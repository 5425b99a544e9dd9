import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { faulty, onCall, rejects } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type IphonePhase, iphone, plainMux } from '../../src/iphone/index.js'
import {
  EmulatedIphone,
  noAnomalies,
  openTestSqlite,
  type SyntheticBackup,
  treeFromBackup,
} from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'
import { Workshop, type WorkshopOptions } from '../import-workshop.js'

let workshop: Workshop
let source: SyntheticBackup
let phone: EmulatedIphone
let backups = ''
const phases: IphonePhase[] = []

beforeEach(async () => {
  workshop = new Workshop()
  // The emulated phone does not know its own number, by which those without their country are read: none of this seed is.
  source = await workshop.makeBackup({ seed: 1, messages: 120, attachments: 12, anomalies: noAnomalies })
  phone = await EmulatedIphone.start({ udid: source.udid, tree: treeFromBackup(source.path) })
  backups = join(workshop.folder, 'phones')
  phases.length = 0
  await mkdir(backups)
})
afterEach(async () => {
  await phone.stop()
  await workshop.cleanUp()
})

function openApp(options: WorkshopOptions = {}) {
  const device = iphone({
    folder: backups,
    mux: plainMux({ address: phone.address }),
    openSqlite: openTestSqlite,
    retryDelay: 50,
    onState: ({ phase }) => {
      if (phases.at(-1) !== phase) phases.push(phase)
    },
  })
  return workshop.openApp({ ...options, device: () => device })
}

describe('an import from a phone', () => {
  test('whose store fails goes on from the backup, without the phone, and lets it go in the end', async () => {
    const full = new HoldfastError('DISK_FULL', 'No room', { hint: 'Make room.' })
    const app = openApp({
      storage: (storage) => faulty(storage, { write: onCall(2, rejects(full)) }).port,
    })
    const run = await app.import({ udid: phone.udid })
    const parked = await run.outcome()
    expect(parked).toMatchObject({ status: 'retryable', step: 'store', error: { code: 'DISK_FULL' } })
    expect(parked.facts['backupPath']).toBe(join(backups, phone.udid))
    expect(phases).toEqual(['connecting', 'preparing', 'receiving', 'finishing'])
    expect(phone.transcript.complaints).toEqual([])
    const { needs } = run.view.getSnapshot()
    expect(needs).toEqual([])
    await phone.stop()
    await app.close()

    const next = openApp()
    await next.runner.recover()
    const again = await next.runner.open(run.id)
    await again.retry()
    expect(await again.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expectLibraryToEqualTruth(next.db, join(workshop.folder, 'attachments'), source.truth)
    expect(await readdir(backups)).toEqual([])
  })

  test('shows what somebody has to do on the phone as long as it has to be done, and needs the phone until it has the backup', async () => {
    phone.backups.passcode.asks = true
    const app = openApp()
    const run = await app.import({ udid: phone.udid, cleanup: 'scratch' })
    const shown: (string | null)[] = []
    const needs = new Map<string, readonly string[]>()
    run.view.subscribe(() => {
      const { ask, state, needs: needed } = run.view.getSnapshot()
      if (shown.at(-1) !== (ask?.kind ?? null)) shown.push(ask?.kind ?? null)
      needs.set(state, needed)
    })
    run.events.on('run.asked', () => phone.backups.passcode.enter())
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(shown.filter((kind) => kind !== null)).toEqual(['passcode'])
    expect(shown.at(-1)).toBeNull()
    expect(phases).toContain('waiting-for-passcode')
    expect(needs.get('extract')).toEqual(['device'])
    expect(needs.get('store')).toEqual([])
    expect(await readdir(backups)).toEqual([phone.udid])
  })

  test('that is cancelled tells the phone, is parked, and goes on when it is retried', async () => {
    const app = openApp()
    const run = await app.import({ udid: phone.udid, cleanup: 'keep' })
    phone.backups.at('file', () => void run.cancel(), 5)
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'extract',
      error: { code: 'CANCELLED' },
    })
    expect(phone.files.isLocked('/com.apple.itunes.lock_sync')).toBe(false)
    expect(phone.transcript.said('com.apple.mobilebackup2').at(-1)).toBe('DLMessageDisconnect')
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), source.truth)
  })

  test('that is discarded in the middle leaves nothing of its backup when that is to go', async () => {
    const app = openApp()
    phone.backups.at('sent', () => phone.unplug())
    const run = await app.import({ udid: phone.udid })
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'DEVICE_LOST' } })
    await run.discard({ backup: 'delete' })
    expect(await run.outcome()).toMatchObject({ status: 'discarded' })
    expect(await readdir(backups)).toEqual([])
  })

  test('of an encrypted phone asks for the password when the backup is there, and not for the phone again', async () => {
    phone.backups.setPassword('correct')
    const app = openApp()
    const run = await app.import({ udid: phone.udid, cleanup: 'keep' })
    let answers = 0
    run.events.on('run.asked', () => void run.provide('password', ++answers === 1 ? 'wrong' : 'correct'))
    const first = await run.outcome()
    if (first.status === 'retryable') {
      await phone.stop()
      await run.retry()
    }
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(answers).toBeGreaterThan(1)
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), source.truth)
  })
})
