import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { framed, named } from '../../../test/iphone/stream-bytes.js'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, isList, type PlistValue, plistDict, Real, signed64 } from '../../plist/plist-value.js'
import { InPieces } from '../../testing/in-pieces.js'
import { NotDurable } from '../backup-target/not-durable.js'
import { TargetFolder } from '../backup-target/target-folder.js'
import { openBackupService } from './backup-service.js'
import { DiskSpace } from './disk-space.js'
import { ProgressMeter } from './progress-meter.js'
import { type Served, type ServingPhase, serveCommands } from './serve-commands.js'

const udid = '00008101-000A1B2C3D4E001E'
const gigabyte = 1024 ** 3
let root = ''
let tree = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-serve-'))
  tree = join(root, 'tree')
  for (const folder of [tree, join(root, 'incoming')]) await mkdir(folder)
})
afterEach(() => rm(root, { recursive: true }))

function block(code: number, text = ''): Buffer {
  return Buffer.concat([named(`${String.fromCharCode(code)}${text}`)])
}

const [end, remoteError, data] = [0x00, 0x0b, 0x0c]

function uploaded(files: Readonly<Record<string, string>>, percent = 10, total = 10): Buffer {
  const parts = Object.entries(files).flatMap(([path, text]) => [
    named('/var/tmp/x'),
    named(path),
    block(data, text),
    block(end),
  ])
  return Buffer.concat([
    framed(['DLMessageUploadFiles', new Map(), new Real(percent), total]),
    ...parts,
    Buffer.alloc(4),
  ])
}

const hello = [
  framed(['DLMessageVersionExchange', 400, 0]),
  framed(['DLMessageDeviceReady']),
  framed([
    'DLMessageProcessMessage',
    plistDict({ MessageName: 'Response', ErrorCode: 0, ProtocolVersion: new Real(2.1) }),
  ]),
]
const over = framed([
  'DLMessageProcessMessage',
  plistDict({ MessageName: 'Response', ErrorCode: 0, ErrorDescription: 'done' }),
])

interface Conversation {
  readonly served: Served
  /** Code and payload of each status. */
  readonly statuses: readonly (readonly [number | null, PlistValue])[]
  /** Everything that was written behind the greeting, statuses and files. */
  readonly written: Buffer
  readonly phases: readonly ServingPhase[]
  readonly meter: ProgressMeter
  readonly space: DiskSpace
}

/** Serves a phone that says this; everything at once, which a phone may. */
async function serve(
  said: readonly Buffer[],
  options: { free?: number; pieces?: number; target?: TargetFolder } = {},
): Promise<Conversation> {
  const bytes = Buffer.concat([...hello, ...said, over])
  const size = options.pieces ?? bytes.length
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  const stream = new InPieces(pieces)
  const link = await openBackupService(stream)
  const greeted = stream.written.length
  const [meter, phases] = [new ProgressMeter(), [] as ServingPhase[]]
  const space = new DiskSpace(async () => options.free ?? 10 * gigabyte)
  const target = options.target ?? new TargetFolder(udid, { tree, incoming: join(root, 'incoming') })
  const onActivity = (phase: ServingPhase): void => {
    if (phases.at(-1) !== phase) phases.push(phase)
  }
  const served = await serveCommands(link, { target, space, meter, onActivity })
  const written = Buffer.concat(stream.written.slice(greeted))
  return { served, statuses: statusesIn(written), written, phases, meter, space }
}

/** The statuses in what was written; the bytes of files in between are passed over. */
function statusesIn(written: Buffer): Conversation['statuses'] {
  const statuses: (readonly [number | null, PlistValue])[] = []
  for (let at = written.indexOf('bplist00'); at >= 4; at = written.indexOf('bplist00', at + 1)) {
    const parsed = parsePlist(written.subarray(at, at + written.readUInt32BE(at - 4)))
    const [name, code, , payload] = parsed.ok && isList(parsed.value) ? parsed.value : []
    if (name === 'DLMessageStatusResponse') statuses.push([signed64(code), payload ?? null])
  }
  return statuses
}

test('every command gets exactly one status, however the bytes are cut', async () => {
  await writeFile(join(tree, 'Status.plist'), 'a status')
  const said = [
    framed(['DLMessageDownloadFiles', [`${udid}/Status.plist`], new Map(), new Real(0)]),
    framed(['DLContentsOfDirectory', `${udid}/Snapshot`]),
    framed(['DLMessageGetFreeDiskSpace']),
    framed(['DLMessageCreateDirectory', `${udid}/Snapshot/ab`]),
    uploaded({ [`${udid}/Snapshot/ab/one`]: 'first', [`/${udid}/Snapshot/ab/two`]: '' }),
    framed([
      'DLMessageMoveItems',
      plistDict({ [`${udid}/Snapshot/ab`]: `${udid}/ab` }),
      new Map(),
      new Real(90),
    ]),
    framed(['DLMessageCopyItem', `${udid}/ab/one`, `${udid}/copy`]),
    framed(['DLMessageRemoveItems', [`${udid}/Snapshot`, `${udid}/never`], new Map(), new Real(99)]),
    framed(['DLMessageFutureThing', 1]),
  ]
  for (const pieces of [1, 7, 4096]) {
    const { served, statuses, phases, meter } = await serve(said, { pieces })
    expect(statuses.map(([code]) => code)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, -1])
    expect(statuses[2]?.[1]).toBe(10 * gigabyte)
    expect(served.response.get('ErrorDescription')).toBe('done')
    expect(phases).toEqual(['preparing', 'receiving', 'finishing'])
    expect(meter.now).toEqual({ bytes: 5, files: 2, percent: 99 })
    expect(await readFile(join(tree, 'copy'), 'utf8')).toBe('first')
    expect((await readdir(tree)).sort()).toEqual(['Status.plist', 'ab', 'copy'])
  }
})

test('files that are asked for are sent in blocks, and missing ones are told by their paths', async () => {
  await writeFile(join(tree, 'Manifest.db'), Buffer.alloc(70_000, 'm'))
  const paths = [`${udid}/Manifest.db`, `${udid}/Manifest.plist`]
  const { statuses, written } = await serve([
    framed(['DLMessageDownloadFiles', paths, new Map(), new Real(0)]),
  ])
  const [status] = statuses
  const failed = isDict(status?.[1]) ? status[1].get(`${udid}/Manifest.plist`) : null
  expect(status?.[0]).toBe(-13)
  expect(isDict(failed) ? signed64(failed.get('DLFileErrorCode')) : null).toBe(-6)
  const sizes: number[] = []
  for (let at = 4 + Buffer.byteLength(`${udid}/Manifest.db`); written[at + 4] === data; ) {
    sizes.push(written.readUInt32BE(at) - 1)
    at += 4 + written.readUInt32BE(at)
  }
  expect(sizes).toEqual([32_768, 32_768, 70_000 - 2 * 32_768])
})

test('a command with 50,000 paths is carried out', async () => {
  await writeFile(join(tree, 'x'), 'x')
  const paths = Array.from(
    { length: 50_000 },
    (_, index) => `${udid}/${index.toString(16).padStart(40, '0')}`,
  )
  const { statuses } = await serve([
    framed(['DLMessageRemoveItems', [...paths, `${udid}/x`], new Map(), new Real(99)]),
  ])
  expect(statuses.map(([code]) => code)).toEqual([0])
  expect(await readdir(tree)).toEqual([])
})

test('an empty batch of files, and one of five gigabytes as far as its number goes, are nothing odd', async () => {
  const { statuses, meter } = await serve([
    uploaded({}, 10, 5 * gigabyte),
    uploaded({ [`${udid}/a`]: 'x' }, 5, 0),
  ])
  expect(statuses.map(([code]) => code)).toEqual([0, 0])
  expect(meter.now).toEqual({ bytes: 1, files: 1, percent: 10 })
})

test('a phone that wants room is told that there is none, and how much it takes is known', async () => {
  const wanted = BigInt(5 * gigabyte)
  const said = [framed(['DLMessageGetFreeDiskSpace']), framed(['DLMessagePurgeDiskSpace', wanted, 4])]
  const { statuses, space } = await serve(said, { free: gigabyte })
  expect(statuses.map(([code]) => code)).toEqual([0, -1])
  expect([space.told, space.needed]).toEqual([gigabyte, 4 * gigabyte])
})

test('a phone that wants room without end says nothing of how much it takes', async () => {
  const endless = new Real(Number.POSITIVE_INFINITY)
  const said = [framed(['DLMessageGetFreeDiskSpace']), framed(['DLMessagePurgeDiskSpace', endless, 4])]
  const { statuses, space } = await serve(said, { free: gigabyte })
  expect(statuses.map(([code]) => code)).toEqual([0, -1])
  expect([space.told, space.needed]).toEqual([gigabyte, null])
})

test('a file that the phone gives up is not kept, and those behind it are', async () => {
  await writeFile(join(tree, 'a'), 'before')
  const said = Buffer.concat([
    framed(['DLMessageUploadFiles', new Map(), new Real(10), 20]),
    ...[named('/x'), named(`${udid}/a`), block(data, 'half'), block(remoteError, 'cannot read')],
    ...[named('/x'), named(`${udid}/b`), block(data, 'whole'), block(end)],
    Buffer.alloc(4),
  ])
  const { served, statuses } = await serve([said])
  expect(statuses.map(([code]) => code)).toEqual([0])
  expect(served.remoteFailures).toEqual({ count: 1, words: 'cannot read' })
  expect(await readFile(join(tree, 'a'), 'utf8')).toBe('before')
  expect(await readFile(join(tree, 'b'), 'utf8')).toBe('whole')
})

test('a file that cannot be written here is told to the phone once its batch is over, and kept for the end', async () => {
  await writeFile(join(tree, 'file'), 'in the way')
  const files = { [`${udid}/file/x`]: 'lost', [`${udid}/b`]: 'kept' }
  const { served, statuses } = await serve([uploaded(files), framed(['DLMessageGetFreeDiskSpace'])])
  expect(statuses.map(([code]) => code)).toEqual([-8, 0])
  expect(served.localFailure?.error).toMatchObject({ code: 'ENOTDIR' })
  expect(await readFile(join(tree, 'b'), 'utf8')).toBe('kept')
})

describe('a hostile phone', () => {
  const out = `${udid}/../outside`
  test.each<[string, Buffer]>([
    ['sends a file elsewhere', uploaded({ [out]: 'x' })],
    ['asks for a file from elsewhere', framed(['DLMessageDownloadFiles', ['/etc/passwd'], new Map(), 0])],
    ['lists another folder', framed(['DLContentsOfDirectory', '/etc'])],
    ['makes a folder elsewhere', framed(['DLMessageCreateDirectory', out])],
    ['moves a file out', framed(['DLMessageMoveItems', plistDict({ [`${udid}/a`]: out }), new Map(), 0])],
    ['moves a file in', framed(['DLMessageMoveItems', plistDict({ [out]: `${udid}/a` }), new Map(), 0])],
    ['removes something elsewhere', framed(['DLMessageRemoveItems', ['/etc'], new Map(), 0])],
    ['copies a file out', framed(['DLMessageCopyItem', `${udid}/a`, out])],
  ])('that %s is left at once', async (_, said) => {
    await writeFile(join(tree, 'a'), 'a')
    await expect(serve([said])).rejects.toMatchObject({ code: 'BACKUP_UNSAFE', retryable: false })
    expect((await readdir(root)).sort()).toEqual(['incoming', 'tree'])
    expect(await readdir(tree)).toEqual(['a'])
  })

  test.each<[string, PlistValue]>([
    ['names a number instead of files', ['DLMessageRemoveItems', 5]],
    ['names files that are none', ['DLMessageDownloadFiles', [1, 2], new Map(), 0]],
    ['moves to nothing', ['DLMessageMoveItems', plistDict({ [`${udid}/a`]: 1 })]],
    ['lists nothing', ['DLContentsOfDirectory']],
    ['says nothing at all', []],
    ['says no message', 'DLMessageUploadFiles'],
  ])('that %s is refused', async (_, said) => {
    await expect(serve([framed(said)])).rejects.toMatchObject({ code: 'DEVICE_PROTOCOL' })
  })

  test('that leaves without a word, or with one, is lost', async () => {
    await expect(serve([framed(['DLMessageDisconnect', 'bye'])])).rejects.toMatchObject({
      code: 'DEVICE_LOST',
      facts: { words: 'bye' },
    })
    const half = uploaded({ [`${udid}/a`]: 'x'.repeat(1000) }).subarray(0, 500)
    const stream = new InPieces([Buffer.concat([...hello, half])])
    const link = await openBackupService(stream)
    const target = new TargetFolder(udid, { tree, incoming: join(root, 'incoming') })
    const [space, meter] = [new DiskSpace(async () => 0), new ProgressMeter()]
    await expect(serveCommands(link, { target, space, meter, onActivity: () => {} })).rejects.toMatchObject({
      code: 'DEVICE_LOST',
    })
    expect(await readdir(tree)).toEqual([])
    expect(await readdir(join(root, 'incoming'))).toEqual([])
  })
})

test('a phone that knows no common version is told as such', async () => {
  const refusal = framed(['DLMessageProcessMessage', plistDict({ MessageName: 'Response', ErrorCode: 1 })])
  const stream = new InPieces([Buffer.concat([...hello.slice(0, 2), refusal])])
  await expect(openBackupService(stream)).rejects.toMatchObject({ code: 'DEVICE_VERSION' })
})

/** On a disk that tells only after a file was written that it could not keep it, as a failing one does. */
class OnFailingDisk extends TargetFolder {
  override settled(): Promise<NotDurable> {
    return Promise.resolve(new NotDurable({ code: 'EIO' }))
  }
}

test.each([
  ['ends well', []],
  ['leaves', [framed(['DLMessageDisconnect', 'bye'])]],
  ['makes no sense', [framed([])]],
])('a file that could not be made durable counts before how a phone ends that %s', async (_, said) => {
  const target = new OnFailingDisk(udid, { tree, incoming: join(root, 'incoming') })
  await expect(serve(said, { target })).rejects.toMatchObject({ constructor: NotDurable, code: 'EIO' })
})
