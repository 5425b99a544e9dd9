import { expect, test } from 'vitest'
import { behindLength } from '../../../test/iphone/stream-bytes.js'
import { type PlistValue, plistDict } from '../../plist/plist-value.js'
import { writeBinaryPlist } from '../../plist/write-binary.js'
import { writeXmlPlist } from '../../plist/write-xml.js'
import { InPieces } from '../../testing/in-pieces.js'
import { PlistWire } from './plist-wire.js'
import { Wire } from './wire.js'

const messages: readonly PlistValue[] = [
  plistDict({ Request: 'QueryType' }),
  ['DLMessageDeviceReady'],
  plistDict({ n: -6 }),
]

test.each([
  ['binary', writeBinaryPlist],
  ['XML', writeXmlPlist],
] as const)(
  'messages in %s form arrive however their bytes are cut, and what follows stays for who comes next',
  async (_, write) => {
    const rest = Buffer.from('raw bytes behind')
    const bytes = Buffer.concat([...messages.map((message) => behindLength(write(message))), rest])
    for (const pieces of InPieces.everyWay(bytes)) {
      const stream = new InPieces(pieces)
      const wire = new PlistWire(stream, 'binary')
      for (const message of messages) expect(await wire.receive()).toEqual(message)
      expect(await new Wire(stream).read(rest.length)).toEqual(rest)
    }
  },
)

test('a connection that ends within a message is lost, wherever it ends', async () => {
  const bytes = behindLength(writeBinaryPlist(['text']))
  for (let length = 0; length < bytes.length; length++) {
    const wire = new PlistWire(
      new InPieces([bytes.subarray(0, length)].filter((piece) => piece.length > 0)),
      'binary',
    )
    await expect(wire.receive()).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  }
})

test('a message of an impossible length, or of what is no list, is refused at once', async () => {
  const long = new PlistWire(new InPieces([Buffer.from('fffffffe', 'hex')]), 'xml')
  await expect(long.receive()).rejects.toMatchObject({ code: 'DEVICE_PROTOCOL' })
  const none = new PlistWire(new InPieces([behindLength(Buffer.from('hello'))]), 'xml')
  await expect(none.receive()).rejects.toMatchObject({ code: 'DEVICE_PROTOCOL' })
})

test('some bytes are given as they come', async () => {
  const wire = new Wire(new InPieces([Buffer.from('ab'), Buffer.from('cdefg')]))
  expect((await wire.readSome(100)).toString()).toBe('ab')
  expect((await wire.readSome(3)).toString()).toBe('cde')
  expect((await wire.readSome(3)).toString()).toBe('fg')
  await expect(wire.readSome(1)).rejects.toMatchObject({ code: 'DEVICE_LOST' })
})

test('silence ends the waiting, and bytes that come slowly do not', async () => {
  class Quiet extends InPieces {
    override _read(): void {}
  }
  const stream = new Quiet([])
  const wire = new Wire(stream)
  await expect(wire.read(1, { silence: 5 })).rejects.toMatchObject({ code: 'DEVICE_SILENT' })
  // The connection is whole: who waits again gets what comes.
  const late = wire.read(2)
  stream.push('ok')
  expect((await late).toString()).toBe('ok')
})

test('a buffer is filled however the bytes are cut, and what follows stays', async () => {
  for (const pieces of InPieces.everyWay(Buffer.from('abcdefgh'))) {
    const wire = new Wire(new InPieces(pieces))
    const [first, none, second] = [Buffer.alloc(3), Buffer.alloc(0), Buffer.alloc(4)]
    for (const each of [first, none, second]) await wire.fill(each)
    expect(Buffer.concat([first, second]).toString()).toBe('abcdefg')
    await expect(wire.fill(second)).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  }
})

test('pieces larger than a record fill a buffer in their order', async () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
  const wire = new Wire(new InPieces([bytes.subarray(0, 40_001), bytes.subarray(40_001)]))
  const filled = Buffer.alloc(bytes.length)
  await wire.fill(filled)
  expect(filled.equals(bytes)).toBe(true)
})
