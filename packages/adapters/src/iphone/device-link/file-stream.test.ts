import { describe, expect, test } from 'vitest'
import { InPieces } from '../../testing/in-pieces.js'
import { Wire } from '../wire/wire.js'
import { endFiles, receiveFiles, sendFile } from './file-stream.js'

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function name(text: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)])
}

function block(code: number, text = ''): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(text) + 1), Buffer.of(code), Buffer.from(text)])
}

const [end, localError, remoteError, data] = [0x00, 0x06, 0x0b, 0x0c]

/** Everything that comes: the text of each file, and what was wrong with it. */
async function receive(stream: InPieces): Promise<readonly (readonly [string, string, string | null])[]> {
  const files: [string, string, string | null][] = []
  for await (const { path, read, problem } of receiveFiles(new Wire(stream))) {
    const into = Buffer.alloc(5000)
    const text = into.toString('latin1', 0, await read(into))
    files.push([path, text, problem()])
  }
  return files
}

const batch = Buffer.concat([
  ...[
    name('/.b/8/a'),
    name('udid/Snapshot/aa/a'),
    block(data, 'one '),
    block(data),
    block(data, 'two'),
    block(end),
  ],
  ...[name('/.b/8/b'), name('udid/Snapshot/bb/é'), block(end)],
  ...[name('/.b/8/c'), name('udid/c'), block(data, 'half'), block(remoteError, 'Multiple errors')],
  ...[name('/.b/8/d'), name('udid/d'), block(localError, 'No such file')],
  ...[name('/.b/8/e'), name('udid/e'), block(remoteError)],
  u32(0),
])
const after = Buffer.from('next message')

test('files arrive however their bytes are cut, and what follows them stays', async () => {
  for (const pieces of InPieces.everyWay(Buffer.concat([batch, after]))) {
    const stream = new InPieces(pieces)
    expect(await receive(stream)).toEqual([
      ['udid/Snapshot/aa/a', 'one two', null],
      ['udid/Snapshot/bb/é', '', null],
      ['udid/c', 'half', 'Multiple errors'],
      ['udid/d', '', 'No such file'],
      ['udid/e', '', 'The phone ended it with the code 11.'],
    ])
    expect(await new Wire(stream).read(after.length)).toEqual(after)
  }
})

test('what is not read of a file is passed over, also from its middle', async () => {
  for (const most of [0, 1, 2, 3]) {
    const stream = new InPieces([...batch].map((byte) => Uint8Array.of(byte)).concat([after]))
    const paths: string[] = []
    for await (const { path, read } of receiveFiles(new Wire(stream))) {
      paths.push(path)
      for (let times = 0; times < most; times++) await read(Buffer.alloc(1))
    }
    expect(paths).toHaveLength(5)
    expect(await new Wire(stream).read(after.length)).toEqual(after)
  }
})

test('a file is read in buffers of any size, each full but the last, and nothing behind its end', async () => {
  for (const size of [1, 2, 3, 7, 8]) {
    const [counts, bytes]: [number[], Buffer[]] = [[], []]
    for await (const { read } of receiveFiles(new Wire(new InPieces([batch])))) {
      const into = Buffer.alloc(size)
      for (let count = -1; count !== 0; counts.push(count)) {
        count = await read(into)
        bytes.push(Buffer.from(into.subarray(0, count)))
      }
      break
    }
    expect(Buffer.concat(bytes).toString()).toBe('one two')
    const full = Math.floor(7 / size)
    expect(counts).toEqual([...Array<number>(full).fill(size), ...(7 % size === 0 ? [] : [7 % size]), 0])
  }
})

describe('a stream that is out of step is refused at once', () => {
  test.each([
    ['by a name without end', u32(5000)],
    ['by a file without a place', Buffer.concat([name('/a'), u32(0)])],
    ['by a block without a kind', Buffer.concat([name('/a'), name('b'), u32(0), Buffer.from('x')])],
  ])('%s', async (_, bytes) => {
    await expect(receive(new InPieces([bytes]))).rejects.toMatchObject({ code: 'DEVICE_PROTOCOL' })
  })
})

test('a stream that ends too early is lost, wherever it ends', async () => {
  for (let length = 1; length < batch.length; length++) {
    await expect(receive(new InPieces([batch.subarray(0, length)]))).rejects.toMatchObject({
      code: 'DEVICE_LOST',
    })
  }
})

test('the words of a failed file may be as long as they like, and a part of them is kept', async () => {
  const words = 'x'.repeat(100_000)
  const stream = new InPieces([Buffer.concat([name('/a'), name('b'), block(remoteError, words), u32(0)])])
  expect(await receive(stream)).toEqual([['b', '', 'x'.repeat(4096)]])
})

/** What was sent, taken apart again. */
async function sent(
  stream: InPieces,
): Promise<{ readonly path: string; readonly blocks: readonly (readonly [number, Buffer])[] }> {
  const wire = new Wire(new InPieces(stream.written))
  const path = (await wire.read((await wire.read(4)).readUInt32BE())).toString()
  const blocks: [number, Buffer][] = []
  for (;;) {
    const length = (await wire.read(4)).readUInt32BE()
    if (length === 0) return { path, blocks }
    const [code] = await wire.read(1)
    blocks.push([code ?? -1, await wire.read(length - 1)])
  }
}

test('a file is sent in blocks of at most 32 KiB, and an empty one as its end alone', async () => {
  const content = Buffer.alloc(100_000, 'manifest')
  const stream = new InPieces([])
  expect(
    await sendFile(new Wire(stream), 'udid/Manifest.db', from([content, Buffer.from('tail')])),
  ).toBeNull()
  await endFiles(new Wire(stream))
  const { path, blocks } = await sent(stream)
  expect(path).toBe('udid/Manifest.db')
  expect(blocks.map(([code, bytes]) => [code, bytes.length])).toEqual([
    ...[
      [data, 32_768],
      [data, 32_768],
      [data, 32_768],
      [data, 100_000 - 3 * 32_768],
    ],
    ...[
      [data, 4],
      [end, 0],
    ],
  ])
  expect(Buffer.concat(blocks.map(([, bytes]) => bytes))).toEqual(
    Buffer.concat([content, Buffer.from('tail')]),
  )

  const empty = new InPieces([])
  await sendFile(new Wire(empty), 'a', from([]))
  await endFiles(new Wire(empty))
  expect(await sent(empty)).toEqual({ path: 'a', blocks: [[end, Buffer.alloc(0)]] })
})

test('a file that cannot be read to its end is told as such to both sides', async () => {
  const stream = new InPieces([])
  const broken = new Error('bad sector')
  async function* content(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('begun')
    throw broken
  }
  expect(await sendFile(new Wire(stream), 'a', content())).toEqual({ error: broken })
  await endFiles(new Wire(stream))
  expect((await sent(stream)).blocks).toEqual([
    [data, Buffer.from('begun')],
    [localError, Buffer.from('bad sector')],
  ])
})

async function* from(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}
