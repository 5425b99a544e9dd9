import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { isDict } from '../../plist/plist-value.js'
import { EmulatedIphone, type EmulatedIphoneOptions } from '../../testing/emulated-iphone/emulated-iphone.js'
import { Afc } from '../afc/afc.js'
import { appiumMux } from '../mux/appium-mux.js'
import type { MuxTransport } from '../mux/mux-transport.js'
import { plainMux } from '../mux/plain-mux.js'
import { Wire } from '../wire/wire.js'
import { Lockdown, type LockdownOptions } from './lockdown.js'
import { lockdownWords } from './lockdown-errors.js'

const phones: EmulatedIphone[] = []

afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.stop()
})

async function start(options: EmulatedIphoneOptions = {}): Promise<EmulatedIphone> {
  const phone = await EmulatedIphone.start(options)
  phones.push(phone)
  return phone
}

async function open(
  phone: EmulatedIphone,
  options: LockdownOptions = {},
  mux: MuxTransport = plainMux({ address: phone.address }),
): Promise<Lockdown> {
  const [device] = await mux.list()
  if (device === undefined) throw new Error('no phone')
  return Lockdown.open(mux, device, options)
}

test('without a session a phone says its name and no serial number', async () => {
  const phone = await start({ name: 'Zoë’s iPhone' })
  const lockdown = await open(phone)
  expect(await lockdown.value('DeviceName')).toBe('Zoë’s iPhone')
  expect(await lockdown.value('SerialNumber')).toBeNull()
  const all = await lockdown.value(null)
  expect(isDict(all) && [...all.keys()]).toContain('ProductVersion')
  await lockdown.end()
  expect(phone.transcript.complaints).toEqual([])
})

describe.each([
  ['plain', (address: string) => plainMux({ address })],
  ['appium-ios-device', (address: string) => appiumMux({ address })],
])('over the %s mux', (_, make) => {
  test.each<EmulatedIphoneOptions>([
    { tls: '1.2' },
    { tls: '1.3' },
    { certificates: 'sha1', tls: '1.2' },
    { certificates: 'sha1', tls: '1.3' },
    { serviceTls: false },
    { pairRecord: 'binary' },
    { listedWithoutDash: true },
  ])('a session gives exact values and starts services: %j', async (options) => {
    const phone = await start(options)
    const lockdown = await open(phone, {}, make(phone.address))
    await lockdown.startSession()
    // Several questions, each with its own answer.
    expect(await lockdown.value('SerialNumber')).toBe('F2LEMULATED1')
    expect(await lockdown.value('UniqueChipID')).toBe(2n ** 53n + 1n)
    expect(await lockdown.value('WillEncrypt', 'com.apple.mobile.backup')).toBe(false)
    expect(await lockdown.value('TotalDiskCapacity', 'com.apple.disk_usage')).toBe(80_086_790_144)
    const stream = await lockdown.startService('com.apple.afc', { escrow: true })
    const afc = new Afc(stream)
    expect(await afc.readFile('/none')).toBeNull()
    afc.end()
    await lockdown.end()
    expect(phone.transcript.complaints).toEqual([])
    expect(phone.transcript.said('lockdown')).toContain('EscrowBag')
    expect(phone.transcript.said('lockdown').at(-1)).toBe('StopSession')
  })
})

test('questions that are asked at once are answered one after the other', async () => {
  const lockdown = await open(await start())
  await lockdown.startSession()
  const keys = ['DeviceName', 'ProductType', 'SerialNumber', 'BuildVersion']
  expect(await Promise.all(keys.map((key) => lockdown.value(key)))).toEqual([
    'Emulated iPhone',
    'iPhone13,2',
    'F2LEMULATED1',
    '22F76',
  ])
  await lockdown.end()
})

test.each([...lockdownWords])(
  'the word %s has the code %s, and the conversation goes on',
  async (word, code) => {
    const phone = await start()
    phone.lockdownFaults.set('StartSession', word)
    const lockdown = await open(phone)
    await expect(lockdown.startSession()).rejects.toMatchObject({
      code,
      hint: expect.stringMatching(/^[A-Z].*\.$/),
      facts: { word, request: 'StartSession' },
    })
    phone.lockdownFaults.clear()
    await lockdown.startSession()
    await lockdown.end()
  },
)

test('a word that nobody knows is told as it is', async () => {
  const phone = await start()
  phone.lockdownFaults.set('StartService com.apple.afc', 'SomethingNew')
  const lockdown = await open(phone)
  await lockdown.startSession()
  await expect(lockdown.startService('com.apple.afc')).rejects.toMatchObject({
    code: 'LOCKDOWN_FAILED',
    message: expect.stringMatching(/SomethingNew/),
  })
  await expect(lockdown.startService('com.apple.nothing')).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
  await lockdown.end()
})

test('a word of megabytes is told by its beginning', async () => {
  const phone = await start()
  phone.lockdownFaults.set('StartSession', 'x'.repeat(5_000_000))
  const lockdown = await open(phone)
  await expect(lockdown.startSession()).rejects.toMatchObject({
    message: expect.stringMatching(/^.{1,1100}$/),
    facts: { word: 'x'.repeat(1000) },
  })
})

test('nothing is started before there is a session', async () => {
  const lockdown = await open(await start())
  await expect(lockdown.startService('com.apple.afc')).rejects.toMatchObject({ code: 'SESSION_INACTIVE' })
  await lockdown.end()
})

test('without trust there is no session', async () => {
  const lockdown = await open(await start({ pairRecord: 'none' }))
  await expect(lockdown.startSession()).rejects.toMatchObject({ code: 'DEVICE_NOT_PAIRED' })
  await lockdown.end()
})

/** A phone that begins a session, and does something else than its part of the handshake once that has begun. */
async function startUnshaken(
  instead: (phone: EmulatedIphone, stream: Duplex) => void,
): Promise<EmulatedIphone> {
  const phone = await start()
  phone.listen(62_078, async (stream) => {
    const { PlistWire } = await import('../wire/plist-wire.js')
    const wire = new PlistWire(stream, 'as-received')
    await wire.receiveDict()
    await wire.send(
      new Map([
        ['Request', 'QueryType'],
        ['Type', 'com.apple.mobile.lockdown'],
      ]),
    )
    await wire.receiveDict()
    await wire.send(
      new Map<string, string | boolean>([
        ['Request', 'StartSession'],
        ['SessionID', 'a'],
        ['EnableSessionSSL', true],
      ]),
    )
    await new Wire(stream).read(1)
    instead(phone, stream)
  })
  return phone
}

test('a phone that gives up TLS is told as such', async () => {
  const lockdown = await open(await startUnshaken((_, stream) => stream.end('no TLS at all')))
  await expect(lockdown.startSession()).rejects.toMatchObject({ code: 'DEVICE_TLS_FAILED' })
})

test.each<[string, (phone: EmulatedIphone, stream: Duplex) => void]>([
  ['is unplugged', (phone) => phone.unplug()],
  ['hangs up', (_, stream) => void stream.end()],
])('a phone that %s in the middle of the handshake is lost', async (_, instead) => {
  const lockdown = await open(await startUnshaken(instead))
  await expect(lockdown.startSession()).rejects.toMatchObject({ code: 'DEVICE_LOST' })
})

test('a phone that is unplugged, that is silent, or that answers another question ends the conversation', async () => {
  const phone = await start()
  const unplugged = await open(phone)
  phone.unplug()
  await expect(unplugged.value('DeviceName')).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  phone.plugIn()

  phone.listen(62_078, () => {})
  await expect(open(phone, { silence: 20 })).rejects.toMatchObject({ code: 'DEVICE_SILENT' })

  phone.listen(62_078, async (stream) => {
    const { PlistWire } = await import('../wire/plist-wire.js')
    const wire = new PlistWire(stream, 'xml')
    await wire.receiveDict()
    await wire.send(
      new Map([
        ['Request', 'GetValue'],
        ['Value', 'hello'],
      ]),
    )
  })
  await expect(open(phone)).rejects.toMatchObject({ code: 'DEVICE_PROTOCOL' })
})

test('every wait ends when the signal is aborted', async () => {
  const phone = await start()
  phone.listen(62_078, () => {})
  const leave = new AbortController()
  const opened = open(phone, { signal: leave.signal })
  setTimeout(() => leave.abort(new Error('enough')), 10)
  await expect(opened).rejects.toThrow('enough')
})
