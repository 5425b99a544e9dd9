import { VirtualClock } from '@holdfast/core/testing'
import { afterEach, expect, test } from 'vitest'
import { EmulatedIphone } from '../../testing/emulated-iphone/emulated-iphone.js'
import { InPieces } from '../../testing/in-pieces.js'
import { Lockdown } from '../lockdown/lockdown.js'
import { plainMux } from '../mux/plain-mux.js'
import { Afc, afcService } from './afc.js'
import { takeSyncLock } from './sync-lock.js'

const lockFile = '/com.apple.itunes.lock_sync'
const phones: EmulatedIphone[] = []

afterEach(async () => {
  for (const phone of phones.splice(0)) {
    await phone.stop()
    if (phone.transcript.complaints.length > 0) throw new Error(phone.transcript.complaints.join('\n'))
  }
})

async function start(): Promise<EmulatedIphone> {
  const phone = await EmulatedIphone.start()
  phones.push(phone)
  return phone
}

async function connect(phone: EmulatedIphone): Promise<Afc> {
  const mux = plainMux({ address: phone.address })
  const [device] = await mux.list()
  if (device === undefined) throw new Error('no phone')
  const lockdown = await Lockdown.open(mux, device)
  await lockdown.startSession()
  const afc = new Afc(await lockdown.startService(afcService))
  await lockdown.end()
  return afc
}

function tries(phone: EmulatedIphone): number {
  return phone.transcript.said(afcService).filter((what) => what === 'lock').length
}

/** Waits until the lock was tried so often. */
async function tried(phone: EmulatedIphone, count: number): Promise<void> {
  while (tries(phone) < count) await new Promise((resolve) => setImmediate(resolve))
}

test('one program has the lock, and another gets it when it is let go', async () => {
  const phone = await start()
  const clock = new VirtualClock()
  const first = await takeSyncLock(await connect(phone))
  expect(phone.files.isLocked(lockFile)).toBe(true)
  let told = false
  const second = takeSyncLock(await connect(phone), {
    clock,
    onOpen: async () => {
      told = true
    },
  })
  await tried(phone, 2)
  expect(told).toBe(true)
  await first.release()
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(200)
  await (await second).release()
  expect(phone.files.isLocked(lockFile)).toBe(false)
})

test('after fifty tries in ten seconds it says who may have the lock', async () => {
  const phone = await start()
  const clock = new VirtualClock()
  const letGo = phone.files.holdLock(lockFile)
  const taken = takeSyncLock(await connect(phone), { clock })
  const refused = taken.catch((error: unknown) => error)
  for (let attempt = 1; attempt < 50; attempt++) {
    await tried(phone, attempt)
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(200)
  }
  expect(await refused).toMatchObject({ code: 'SYNC_UNDER_WAY', hint: expect.stringMatching(/Finder/) })
  expect(tries(phone)).toBe(50)
  expect(clock.now()).toBe(new VirtualClock().now() + 49 * 200)
  letGo()
})

test('a signal ends the waiting for the lock', async () => {
  const phone = await start()
  phone.files.holdLock(lockFile)
  const leave = new AbortController()
  const taken = takeSyncLock(await connect(phone), { clock: new VirtualClock(), signal: leave.signal })
  await tried(phone, 1)
  leave.abort(new Error('enough'))
  await expect(taken).rejects.toThrow('enough')
})

test('a program that goes away, or whose phone was unplugged, leaves no lock behind', async () => {
  const phone = await start()
  const afc = await connect(phone)
  const lock = await takeSyncLock(afc)
  afc.end()
  while (phone.files.isLocked(lockFile)) await new Promise((resolve) => setImmediate(resolve))
  // What is gone can be let go.
  await expect(lock.release()).resolves.toBeUndefined()
})

test('files are read whole, and one that is not there is null', async () => {
  const phone = await start()
  const content = Buffer.alloc(200_000, 'sheet')
  phone.files.files.set('/Books/iBooksData2.plist', content)
  const afc = await connect(phone)
  expect(await afc.readFile('/Books/iBooksData2.plist')).toEqual(content)
  expect(await afc.readFile('/none')).toBeNull()
  afc.end()
  await expect(afc.readFile('/none')).rejects.toMatchObject({ code: 'DEVICE_LOST' })
})

/** An answer: handle 7, to the packet of this number. */
function opened(packet: number, more: { readonly magic?: string; readonly total?: number } = {}): Buffer {
  const bytes = Buffer.alloc(48)
  bytes.write(more.magic ?? 'CFA6LPAA', 'latin1')
  const fields = [more.total ?? 48, 48, packet, 0x0e, 7]
  fields.forEach((field, index) => bytes.writeBigUInt64LE(BigInt(field), 8 + index * 8))
  return bytes
}

test('answers arrive however their bytes are cut', async () => {
  for (const pieces of InPieces.everyWay(Buffer.concat([opened(0), opened(1)]))) {
    const afc = new Afc(new InPieces(pieces))
    expect(await afc.open('/a', 2)).toBe(7n)
    expect(await afc.open('/b', 2)).toBe(7n)
  }
})

test.each([
  ['to another question', opened(5)],
  ['without its magic', opened(0, { magic: 'CFA6LPAB' })],
  ['of an impossible length', opened(0, { total: 2 ** 40 })],
  ['shorter than its head', opened(0, { total: 8 })],
])('an answer %s is refused', async (_, bytes) => {
  await expect(new Afc(new InPieces([bytes])).open('/a', 2)).rejects.toMatchObject({
    code: 'DEVICE_PROTOCOL',
  })
})
