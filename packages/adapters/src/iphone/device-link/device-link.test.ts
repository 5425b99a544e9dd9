import { expect, test } from 'vitest'
import { framed } from '../../../test/iphone/stream-bytes.js'
import { parsePlist } from '../../plist/parse-plist.js'
import { isList, type PlistValue, plistDict, Real, signed64 } from '../../plist/plist-value.js'
import { InPieces } from '../../testing/in-pieces.js'
import { PlistWire } from '../wire/plist-wire.js'
import { DeviceLink } from './device-link.js'
import { statusOfError } from './link-status.js'

const ready: PlistValue = ['DLMessageDeviceReady']

/** What the host said, with reals told from integers. */
async function said(stream: InPieces): Promise<readonly PlistValue[]> {
  const messages: PlistValue[] = []
  const bytes = Buffer.concat(stream.written)
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const body = bytes.subarray(at + 4, at + 4 + length)
    expect(body.toString('latin1', 0, 8)).toBe('bplist00')
    const parsed = parsePlist(body, { keepReals: true })
    if (!parsed.ok) throw new Error(parsed.problem)
    messages.push(parsed.value)
    at += 4 + length
  }
  return messages
}

test.each([300, 400, 401])(
  'version %d is taken as the phone has it, however its bytes are cut',
  async (major) => {
    const bytes = framed(['DLMessageVersionExchange', major, 0], ready, ['DLMessageGetFreeDiskSpace'])
    for (const pieces of InPieces.everyWay(bytes)) {
      const stream = new InPieces(pieces)
      const link = await DeviceLink.open(stream)
      expect(await link.receive()).toEqual({ name: 'DLMessageGetFreeDiskSpace', values: [] })
      expect(await said(stream)).toEqual([['DLMessageVersionExchange', 'DLVersionsOk', major]])
    }
  },
)

test('requests, statuses and the end are said in the words of the protocol', async () => {
  const answer = plistDict({ MessageName: 'Response', ErrorCode: 0, ProtocolVersion: new Real(2.1) })
  const stream = new InPieces([
    framed(['DLMessageVersionExchange', 400, 0], ready, ['DLMessageProcessMessage', answer]),
  ])
  const link = await DeviceLink.open(stream)
  const hello = plistDict({ MessageName: 'Hello', SupportedProtocolVersions: [new Real(2), new Real(2.1)] })
  await link.request(hello)
  expect((await link.response()).get('ProtocolVersion')).toBe(2.1)
  await link.status(0, null, 80_086_790_144)
  await link.status(statusOfError(Object.assign(new Error('full'), { code: 'ENOSPC' })), 'The disk is full')
  await link.disconnect()
  const messages = await said(stream)
  expect(messages.slice(1)).toEqual([
    ['DLMessageProcessMessage', hello],
    ['DLMessageStatusResponse', 0, '___EmptyParameterString___', 80_086_790_144],
    ['DLMessageStatusResponse', -15, 'The disk is full', new Map()],
    ['DLMessageDisconnect', '___EmptyParameterString___'],
  ])
  expect(stream.writableEnded).toBe(true)
})

test('a message with forty thousand paths arrives whole', async () => {
  const paths = Array.from({ length: 40_000 }, (_, index) => `udid/Snapshot/${index % 256}/${index}`)
  const bytes = framed(['DLMessageVersionExchange', 400, 0], ready, [
    'DLMessageRemoveItems',
    paths,
    new Map(),
    99.5,
  ])
  const { name, values } = await (await DeviceLink.open(new InPieces([bytes]))).receive()
  expect([name, values[0]]).toEqual(['DLMessageRemoveItems', paths])
})

test.each<[string, PlistValue[]]>([
  ['does not begin with its version', [ready]],
  ['has a version that is no number', [['DLMessageVersionExchange', 'new', 0]]],
  [
    'is not ready',
    [
      ['DLMessageVersionExchange', 400, 0],
      ['DLMessageDisconnect', 'no'],
    ],
  ],
  ['sends no list', [plistDict({ a: 1 })]],
  ['sends a list without a name', [[7]]],
])('a phone that %s is told as such', async (_, messages) => {
  await expect(DeviceLink.open(new InPieces([framed(...messages)]))).rejects.toMatchObject({
    code: 'DEVICE_PROTOCOL',
  })
})

test('a phone that goes away is lost, and disconnecting then is no error', async () => {
  const stream = new InPieces([framed(['DLMessageVersionExchange', 400, 0], ready)])
  const link = await DeviceLink.open(stream)
  await expect(link.receive()).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  stream.destroy()
  await expect(link.disconnect()).resolves.toBeUndefined()
})

test('a negative status is read as it is meant, in eight bytes and in sixteen', async () => {
  const bytes = framed(['DLMessageStatusResponse', -13], ['DLMessageStatusResponse', 2n ** 64n - 13n])
  const wire = new PlistWire(new InPieces([bytes]), 'binary')
  for (let count = 0; count < 2; count++) {
    const message = await wire.receive()
    expect(isList(message) && signed64(message[1])).toBe(-13)
  }
})
