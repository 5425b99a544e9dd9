import { afterEach, expect, test } from 'vitest'
import { plistDict } from '../../plist/plist-value.js'
import { EmulatedIphone } from '../../testing/emulated-iphone/emulated-iphone.js'
import { Lockdown } from '../lockdown/lockdown.js'
import { plainMux } from '../mux/plain-mux.js'
import { PlistWire } from '../wire/plist-wire.js'
import { installedApps } from './installed-apps.js'

let started: EmulatedIphone | null = null
afterEach(async () => {
  await started?.stop()
  started = null
})

async function session(): Promise<{ lockdown: Lockdown; phone: EmulatedIphone }> {
  const phone = await EmulatedIphone.start()
  started = phone
  const mux = plainMux({ address: phone.address })
  const [device] = await mux.list()
  if (device === undefined) throw new Error('no phone')
  const lockdown = await Lockdown.open(mux, device)
  await lockdown.startSession()
  return { lockdown, phone }
}

const { signal } = new AbortController()

test('apps are read page by page, with their licences', async () => {
  const { lockdown, phone } = await session()
  const { apps } = phone.installation
  for (let index = 0; index < 41; index++) apps.set(`com.example.app${index}`, { CFBundleVersion: '1' })
  apps.set('com.example.odd', { ApplicationSINF: Buffer.from('sinf'), iTunesMetadata: 'no data' })
  const found = await installedApps(lockdown, signal)
  expect(found.map(({ id }) => id)).toEqual([...apps.keys()])
  expect(found.every(({ licence }) => licence === null)).toBe(true)
  expect(phone.transcript.complaints).toEqual([])
})

test.each<[string, (wire: PlistWire) => Promise<void>]>([
  [
    'says what is no list',
    (wire) =>
      wire
        .send(
          plistDict({
            Status: 'BrowsingApplications',
            CurrentList: [7, plistDict({ CFBundleIdentifier: 7 })],
          }),
        )
        .then(() => wire.send(plistDict({ Error: 'APIInternalError' }))),
  ],
  ['says something else', (wire) => wire.send(['no dictionary'])],
  ['hangs up', async () => {}],
  [
    'names pages without end',
    async (wire) => {
      for (;;) await wire.send(plistDict({ Status: 'BrowsingApplications', CurrentList: [] }))
    },
  ],
])('a phone that %s has no apps', async (_, say) => {
  const { lockdown, phone } = await session()
  phone.installation.serve = async (stream) => {
    const wire = new PlistWire(stream, 'as-received')
    await wire.receive()
    await say(wire)
  }
  expect(await installedApps(lockdown, signal)).toEqual([])
})

test('who ends the waiting is obeyed', async () => {
  const { lockdown, phone } = await session()
  const stop = new AbortController()
  const reason = new Error('enough')
  phone.installation.serve = async (stream) => {
    await new PlistWire(stream, 'as-received').receive()
    stop.abort(reason)
    await new Promise((resolve) => stream.on('close', resolve))
  }
  await expect(installedApps(lockdown, stop.signal)).rejects.toBe(reason)
})
