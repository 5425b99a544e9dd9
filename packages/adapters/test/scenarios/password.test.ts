import { join } from 'node:path'
import { VirtualClock } from '@holdfast/core/testing'
import { expect, it } from 'vitest'
import { noAnomalies } from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'
import { Workshop } from '../import-workshop.js'
import { CabledPhone } from './cabled-phone.js'

it('12: a password that is wrong twice in no time is asked for again, without another backup and without a limit', async () => {
  const password = 'Kl1ppfischer-Zoë-44'
  const workshop = new Workshop()
  const source = await workshop.makeBackup({ seed: 91, anomalies: noAnomalies, encryption: { password } })
  const phone = new CabledPhone(source.path, join(workshop.folder, 'made'))
  // Time stands still, so that both mistakes are made at the same moment.
  const app = workshop.openApp({ device: () => phone, clock: new VirtualClock() })
  const run = await app.import({ cleanup: 'keep' })
  const asked = () => new Promise<void>((resolve) => run.events.once('run.asked', () => resolve()))
  let next = run.view.getSnapshot().ask === null ? asked() : Promise.resolve()
  for (const word of ['wrong', 'wrong again', password]) {
    await next
    next = asked()
    expect(run.view.getSnapshot().ask).toMatchObject({ kind: 'password', secret: true })
    await run.provide('password', word)
  }
  expect((await run.outcome()).status).toBe('done')
  expect(phone.started).toBe(1)
  expect(run.view.getSnapshot().steps.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1])
  expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), source.truth)
  await workshop.cleanUp()
})
