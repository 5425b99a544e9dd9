import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isHoldfastError } from '@holdfast/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TargetFolder } from '../../src/iphone/backup-target/target-folder.js'
import { openBackupService } from '../../src/iphone/mobilebackup2/backup-service.js'
import { DiskSpace } from '../../src/iphone/mobilebackup2/disk-space.js'
import { ProgressMeter } from '../../src/iphone/mobilebackup2/progress-meter.js'
import { serveCommands } from '../../src/iphone/mobilebackup2/serve-commands.js'
import { plistDict, Real } from '../../src/plist/plist-value.js'
import { InPieces } from '../../src/testing/in-pieces.js'
import { hostileScripts, placeOutside, waysOut } from '../../src/testing/index.js'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { treeDigest, Workshop } from '../iphone/backup-workshop.js'
import { framed, named } from '../iphone/stream-bytes.js'
import { isLong, seed } from './suite.js'

const random = new Random(`hostile phones ${seed}`)

describe(`phones that mean harm (seed ${seed})`, () => {
  /** All of them in the long suite; in `npm test` some, and those that say in the end that the backup is finished. */
  const scripts = Object.entries(hostileScripts).filter(
    ([what]) => isLong || /says finished/.test(what) || random.chance(0.1),
  )

  it('are refused each with a code, touch nothing outside their folder, and leave the backup that is there as it was', async () => {
    const shop = await Workshop.open({ device: { silence: 500 } })
    try {
      await shop.acquire({ run: 'first' })
      const before = await treeDigest(shop.path)
      for (const [what, script] of scripts) {
        shop.phone.backups.script = script
        const failure: unknown = await shop.acquire({ run: 'second' }).then(
          () => null,
          (error: unknown) => error,
        )
        expect(isHoldfastError(failure) ? failure.code : failure, what).toMatch(
          /^(BACKUP_UNSAFE|DEVICE_\w+|DESTINATION_UNWRITABLE)$/,
        )
        expect(await treeDigest(shop.path), what).toBe(before)
        const names = (await readdir(shop.folder)).filter((name) => !name.startsWith(`.${shop.phone.udid}.`))
        expect(names, what).toEqual([shop.phone.udid])
        for (const place of ['/escaped', placeOutside, join(shop.folder, '..', 'escaped')]) {
          expect(existsSync(place), what).toBe(false)
        }
      }
      await shop.acquire({ run: 'second' })
      expect(await shop.wholeness()).toBe('complete')
    } finally {
      await shop.close()
    }
  }, 600_000)
})

describe(`what a phone sends, changed at random (seed ${seed})`, () => {
  const udid = '00008101-000A1B2C3D4E001E'
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-fuzz-phone-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('ends with an end or with a code, and nothing lies outside the folder', async () => {
    const codes = new Map<string, number>()
    for (let round = 0; round < (isLong ? 20_000 : 400); round++) {
      const draw = random.fork(`round ${round}`)
      const places = { tree: join(root, 'tree'), incoming: join(root, 'incoming') }
      for (const folder of Object.values(places)) await mkdir(folder)
      const bytes = Buffer.concat([greeting, changed(conversation(draw, udid), draw)])
      const cut = draw.integer(0, bytes.length)
      const stream = new InPieces(
        [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0),
      )
      const code = await serve(stream, new TargetFolder(udid, places))
      codes.set(code, (codes.get(code) ?? 0) + 1)
      expect(['ended', 'DEVICE_LOST', 'DEVICE_PROTOCOL', 'BACKUP_UNSAFE'], `round ${round}`).toContain(code)
      expect((await readdir(root)).sort(), `round ${round}`).toEqual(['incoming', 'tree'])
      expect(await readdir(places.incoming), `round ${round}`).toEqual([])
      for (const folder of Object.values(places)) await rm(folder, { recursive: true })
    }
    // What is changed must not always be refused at the same place.
    expect(codes.size).toBeGreaterThanOrEqual(3)
  }, 1_200_000)
})

/** How serving a phone ended: 'ended', or the code of the error. Anything else that is thrown is a failure of the test. */
async function serve(stream: InPieces, target: TargetFolder): Promise<string> {
  const [space, meter] = [new DiskSpace(async () => 1e9), new ProgressMeter()]
  try {
    const link = await openBackupService(stream, { silence: 5000 })
    await serveCommands(link, { target, space, meter, onActivity: () => {}, silence: 5000 })
    return 'ended'
  } catch (error) {
    if (isHoldfastError(error)) return error.code
    throw error
  }
}

const response = framed(['DLMessageProcessMessage', plistDict({ MessageName: 'Response', ErrorCode: 0 })])
const greeting = Buffer.concat([
  framed(['DLMessageVersionExchange', 400, 0]),
  framed(['DLMessageDeviceReady']),
  response,
])

/** Some commands, one after the other, and the end. */
function conversation(draw: Random, udid: string): Buffer {
  const path = (): string => {
    if (draw.chance(0.03)) return (waysOut[draw.integer(0, waysOut.length - 1)] ?? '').replace('UDID', udid)
    const names = ['Snapshot', 'ab', 'cd', 'Manifest.db', 'x']
    return [udid, ...Array.from({ length: draw.integer(1, 3) }, () => names[draw.integer(0, 4)])].join('/')
  }
  const file = (): Buffer =>
    Buffer.concat([named('/x'), named(path()), named(`\f${draw.hex(draw.integer(0, 200))}`), named('\0')])
  const commands: (() => Buffer)[] = [
    () => framed(['DLMessageDownloadFiles', [path(), path()], new Map(), new Real(draw.fraction() * 100)]),
    () =>
      Buffer.concat([
        framed(['DLMessageUploadFiles', new Map(), new Real(draw.fraction() * 100), draw.integer(0, 1000)]),
        ...Array.from({ length: draw.integer(0, 3) }, file),
        Buffer.alloc(4),
      ]),
    () => framed(['DLContentsOfDirectory', path()]),
    () => framed(['DLMessageCreateDirectory', path()]),
    () => framed(['DLMessageMoveItems', plistDict({ [path()]: path() }), new Map(), new Real(50)]),
    () => framed(['DLMessageRemoveItems', [path(), udid], new Map(), new Real(50)]),
    () => framed(['DLMessageCopyItem', path(), path()]),
    () => framed(['DLMessageGetFreeDiskSpace']),
    () => framed(['DLMessagePurgeDiskSpace', draw.integer(0, 1e9), 4]),
    () => framed(['DLMessageNew', draw.hex(8)]),
  ]
  const said = Array.from({ length: draw.integer(1, 12) }, () =>
    commands[draw.integer(0, commands.length - 1)]?.(),
  )
  return Buffer.concat([...said.map((each) => each ?? Buffer.alloc(0)), response])
}

/** Some bytes of it are others, are missing, or are there twice; in one of three nothing is. */
function changed(bytes: Buffer, draw: Random): Buffer {
  let result = Buffer.from(bytes)
  for (let change = draw.integer(0, 2); change > 0; change--) {
    const at = draw.integer(0, Math.max(0, result.length - 1))
    const length = draw.integer(1, 8)
    const kind = draw.integer(0, 2)
    if (kind === 0) result[at] = draw.integer(0, 255)
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)])
    else result = Buffer.concat([result.subarray(0, at), draw.bytes(length), result.subarray(at)])
  }
  return result
}
