import { afterEach, expect, test } from 'vitest'
import { EmulatedIphone } from '../../testing/emulated-iphone/emulated-iphone.js'
import { Lockdown } from '../lockdown/lockdown.js'
import { plainMux } from '../mux/plain-mux.js'
import { NotificationProxy, notificationProxy } from './notification-proxy.js'

const cancel = 'com.apple.itunes-client.syncCancelRequest'
const phones: EmulatedIphone[] = []

afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.stop()
})

async function connect(): Promise<{ phone: EmulatedIphone; proxy: NotificationProxy }> {
  const phone = await EmulatedIphone.start()
  phones.push(phone)
  const mux = plainMux({ address: phone.address })
  const [device] = await mux.list()
  if (device === undefined) throw new Error('no phone')
  const lockdown = await Lockdown.open(mux, device)
  await lockdown.startSession()
  const proxy = new NotificationProxy(await lockdown.startService(notificationProxy))
  await lockdown.end()
  return { phone, proxy }
}

/** Waits until the phone has heard so much. */
async function heard(phone: EmulatedIphone, count: number): Promise<void> {
  while (phone.transcript.said(notificationProxy).length < count) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('what happens on the phone is told to who asked, and the end comes in order', async () => {
  const { phone, proxy } = await connect()
  await proxy.observe(cancel)
  await proxy.post('com.apple.itunes-mobdev.syncWillStart')
  await heard(phone, 2)
  expect(await phone.notifications.tell('com.apple.mobile.backup.domain_changed')).toBe(0)
  expect(await phone.notifications.tell(cancel)).toBe(1)
  const names: string[] = []
  for await (const name of proxy.happenings()) {
    names.push(name)
    await proxy.end()
  }
  expect(names).toEqual([cancel])
  expect(phone.transcript.said(notificationProxy)).toEqual([
    'ObserveNotification',
    'PostNotification',
    'Shutdown',
  ])
  expect(phone.transcript.complaints).toEqual([])
})

test('a phone that is unplugged ends what it tells, and ending it then is no error', async () => {
  const { phone, proxy } = await connect()
  await proxy.observe(cancel)
  await heard(phone, 1)
  const names: string[] = []
  const read = (async () => {
    for await (const name of proxy.happenings()) names.push(name)
  })()
  phone.unplug()
  await read
  await proxy.end()
  expect(names).toEqual([])
  await expect(proxy.post(cancel)).rejects.toMatchObject({ code: 'DEVICE_LOST' })
})

test('who reads may leave by a signal', async () => {
  const { proxy } = await connect()
  const leave = new AbortController()
  setTimeout(() => leave.abort(), 5)
  for await (const name of proxy.happenings({ signal: leave.signal })) expect(name).toBe('nothing')
  expect(leave.signal.aborted).toBe(true)
  proxy.close()
})
