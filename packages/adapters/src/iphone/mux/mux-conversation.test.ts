import { describe, expect, test } from 'vitest'
import { type PlistValue, plistDict } from '../../plist/plist-value.js'
import { writeXmlPlist } from '../../plist/write-xml.js'
import { InPieces } from '../../testing/in-pieces.js'
import { Wire } from '../wire/wire.js'
import { MuxConversation } from './mux-conversation.js'
import { oneAnswer } from './one-answer.js'

function message(value: PlistValue, { tag = 1, kind = 8, length = 0 } = {}): Buffer {
  const body = writeXmlPlist(value)
  const head = Buffer.alloc(16)
  const fields = [length === 0 ? 16 + body.length : length, 1, kind, tag]
  fields.forEach((field, index) => head.writeUInt32LE(field, index * 4))
  return Buffer.concat([head, body])
}

const done = plistDict({ MessageType: 'Result', Number: 0 })
const attached = plistDict({ MessageType: 'Attached', DeviceID: 3 })
const spoken = Buffer.from('the phone speaks first')

test('answers and messages arrive however their bytes are cut, and what the phone says behind them is the phone’s', async () => {
  for (const pieces of InPieces.everyWay(
    Buffer.concat([message(done), message(attached, { tag: 0 }), spoken]),
  )) {
    const talk = new MuxConversation(new InPieces(pieces))
    expect(await talk.ask({ MessageType: 'Connect' }, {})).toEqual(done)
    expect(await talk.next({})).toEqual(attached)
    expect(await new Wire(talk.release()).read(spoken.length)).toEqual(spoken)
  }
})

test('a client of others gets one whole answer, and nothing of what comes behind it', async () => {
  const answer = message(done)
  for (const pieces of InPieces.everyWay(Buffer.concat([answer, spoken]))) {
    const connection = new InPieces(pieces)
    const { stream } = oneAnswer(connection, {})
    stream.write('a question')
    expect(await new Wire(stream).read(answer.length)).toEqual(answer)
    expect(stream.readableLength).toBe(0)
    expect(Buffer.concat(connection.written).toString()).toBe('a question')
    expect(await new Wire(connection).read(spoken.length)).toEqual(spoken)
  }
})

describe.each([
  ['of another kind', message(done, { kind: 1 })],
  ['of an impossible length', message(done, { length: 2 ** 31 })],
  ['shorter than its head', message(done, { length: 3 })],
  ['that is no dictionary', message(['a'])],
  ['to another question', message(done, { tag: 9 })],
])('a message %s', (_, bytes) => {
  test('is refused', async () => {
    const talk = new MuxConversation(new InPieces([bytes]))
    await expect(talk.ask({ MessageType: 'ReadBUID' }, {})).rejects.toMatchObject({ code: 'MUX_FAILED' })
  })
})

test.each([
  [
    'that cannot be read',
    Buffer.concat([message(done).subarray(0, 16), Buffer.alloc(message(done).length - 16, 'x')]),
  ],
  ['of an impossible length', message(done, { length: 2 ** 31 })],
])('a client of others is spared a message %s', async (_, bytes) => {
  const { stream, failed } = oneAnswer(new InPieces([bytes]), {})
  await expect(failed).rejects.toMatchObject({ code: 'MUX_FAILED' })
  expect(stream.destroyed).toBe(true)
  expect(stream.readableLength).toBe(0)
})

test('a mux that goes away within an answer is lost, wherever it ends', async () => {
  const bytes = message(done)
  for (let length = 1; length < bytes.length; length += 7) {
    const talk = new MuxConversation(new InPieces([bytes.subarray(0, length)]))
    await expect(talk.ask({ MessageType: 'ReadBUID' }, {})).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  }
})
