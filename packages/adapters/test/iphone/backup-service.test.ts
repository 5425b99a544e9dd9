import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { isHoldfastError } from '@holdfast/core'
import { describe, expect, test } from 'vitest'
import { multiStatus } from '../../src/iphone/device-link/link-status.js'
import { plistDict } from '../../src/plist/plist-value.js'
import { AfcService } from '../../src/testing/emulated-iphone/afc-service.js'
import { BackupService } from '../../src/testing/emulated-iphone/backup-service/backup-service.js'
import { NotificationService } from '../../src/testing/emulated-iphone/notification-service.js'
import { Transcript } from '../../src/testing/emulated-iphone/transcript.js'
import {
  type Cutting,
  cutPair,
  generatedContent,
  hostileScripts,
  oddScripts,
  openTestSqlite,
  PhoneTree,
  waysOut,
} from '../../src/testing/index.js'
import { type Ending, MemoryHost } from './memory-host.js'

const udid = '00008101-000A1B2C3D4E001E'
const mebibyte = 1024 ** 2

/** A backup service without a phone around it, and a host of memory. */
function setUp(tree: PhoneTree = sampleTree()) {
  const transcript = new Transcript()
  const files = new AfcService(transcript)
  const notifications = new NotificationService(transcript)
  const service = new BackupService({
    ...{ udid, name: 'iPhone', iosVersion: '18.5', tree, backupPassword: null, linkVersion: 400 },
    ...{ openSqlite: openTestSqlite, scratch: tmpdir(), files, notifications, transcript },
  })
  const unlock = files.holdLock('/com.apple.itunes.lock_sync')
  const host = new MemoryHost(udid)
  /** Lets the host make a backup over a connection that cuts; gives what the phone complained of while it lasted. */
  const connect = async (
    work: (host: MemoryHost, stream: ReturnType<typeof cutPair>[0]) => Promise<Ending>,
    cutting: Cutting = 'joined',
  ) => {
    const [near, far] = cutPair(cutting)
    const served = service
      .serve(far)
      .catch((error: unknown) => {
        if (!isHoldfastError(error) || error.code !== 'DEVICE_LOST')
          transcript.complain('service', String(error))
      })
      .finally(() => far.destroy())
    try {
      return await work(host, near)
    } finally {
      near.destroy()
      await served
    }
  }
  const backUp = (cutting?: Cutting) => connect((each, stream) => each.backUp(stream), cutting)
  return { service, transcript, host, unlock, backUp, connect }
}

function sampleTree(): PhoneTree {
  return new PhoneTree()
    .put('HomeDomain', 'a', 'first')
    .put('HomeDomain', 'b', '')
    .put('MediaDomain', 'c', 'third')
}

/** The blobs and lists of the host, without what tells the time. */
function blobsOf(host: MemoryHost): ReadonlyMap<string, string> {
  return new Map(
    [...host.files]
      .filter(([path]) => !/\.(plist|db)$/.test(path))
      .map(([path, bytes]) => [path, bytes.toString()]),
  )
}

test.each<Cutting>([1, 2, 3, 5, 7, 1000, 32_768, 'joined'])(
  'backups are the same when the connection cuts to %s',
  async (cutting) => {
    const { host, backUp, transcript, service } = setUp()
    expect(await backUp(cutting)).toEqual({ code: 0, description: undefined })
    expect([...blobsOf(host).values()].toSorted()).toEqual(['', 'first', 'third'])
    service.tree.put('HomeDomain', 'a', 'later')
    expect(await backUp(cutting)).toEqual({ code: 0, description: undefined })
    expect(service.sent).toEqual(['HomeDomain-a'])
    expect([...blobsOf(host).values()].toSorted()).toEqual(['', 'later', 'third'])
    expect(transcript.complaints).toEqual([])
  },
)

describe('a host that does what no host may do is complained of', () => {
  test.each<[string, (setup: ReturnType<typeof setUp>) => void, RegExp]>([
    ['no lock', ({ unlock }) => unlock(), /lock of syncs/],
    [
      'two statuses for a command',
      ({ host }) => {
        host.instead = async (link, { name }) => {
          if (name !== 'DLMessageCreateDirectory') return false
          await link.status(0)
          await link.status(0)
          return true
        }
      },
      /said before|before all files|where/,
    ],
    [
      'a status that is none',
      ({ host }) => {
        host.instead = async (link, { name }) => {
          if (name !== 'DLMessageCreateDirectory') return false
          await link.send('DLMessageStatusResponse', 0)
          return true
        }
      },
      /where the status of DLMessageCreateDirectory should be/,
    ],
    [
      'a positive code',
      ({ host }) => {
        host.instead = async (link, { name }) => {
          if (name !== 'DLMessageCreateDirectory') return false
          await link.status(5, 'odd')
          return true
        }
      },
      /where the status/,
    ],
    [
      'free space that is no number',
      ({ host }) => {
        host.instead = async (link, { name }) => {
          if (name !== 'DLMessageGetFreeDiskSpace') return false
          await link.status(0, null, 'much')
          return true
        }
      },
      /free space is no number/,
    ],
    [
      'contents of a folder without kinds',
      ({ host }) => {
        host.instead = async (link, { name }) => {
          if (name !== 'DLContentsOfDirectory') return false
          await link.status(0, null, plistDict({ Snapshot: 7 }))
          return true
        }
      },
      /contents of a folder/,
    ],
    [
      'a missing file that is not named',
      ({ host }) => {
        host.instead = async (link, { name }) => {
          if (name !== 'DLMessageDownloadFiles') return false
          await link.wire.write(Buffer.from('\0\0\0\0'))
          await link.status(multiStatus, 'Multi status', plistDict({}))
          return true
        }
      },
      /0 files of 1|not told by their paths/,
    ],
    [
      'a block that is too large',
      ({ host }) => {
        host.instead = async (link, { name, values }) => {
          const [paths] = values
          if (name !== 'DLMessageDownloadFiles' || !Array.isArray(paths)) return false
          const path = Buffer.from(String(paths[0]))
          const head = Buffer.alloc(4)
          head.writeUInt32BE(path.length)
          const block = Buffer.alloc(5)
          block.writeUInt32BE(32_770)
          block[4] = 0x0c
          await link.wire.write(
            Buffer.concat([
              head,
              path,
              block,
              Buffer.alloc(32_769),
              Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0]),
            ]),
          )
          await link.status(0)
          return true
        }
      },
      /32769 bytes/,
    ],
  ])('%s', async (_, misbehave, complaint) => {
    const setup = setUp()
    misbehave(setup)
    await setup.backUp().catch(() => {})
    expect(setup.transcript.complaints.join('\n')).toMatch(complaint)
  })
})

describe('a phone that has not enough room at the host', () => {
  const large = (): PhoneTree => sampleTree().put('MediaDomain', 'film', generatedContent(40 * mebibyte))

  test('asks for what it lacks and two gibibytes, and ends with 105 when it gets nothing', async () => {
    const { host, backUp, transcript } = setUp(large())
    host.free = 150 * mebibyte
    let asked: unknown = null
    host.instead = async (_, { name, values }) => {
      if (name === 'DLMessagePurgeDiskSpace') asked = values
      return false
    }
    expect(await backUp()).toMatchObject({
      code: 105,
      description: expect.stringContaining('MBErrorDomain/105'),
    })
    // Five bytes of each of the two small files.
    expect(asked).toEqual([18 * mebibyte + 10 + 2048 * mebibyte, 4])
    expect(transcript.complaints).toEqual([])
    expect(host.files.size).toBe(0)
  })

  test('goes on when it gets some', async () => {
    const { host, backUp } = setUp(large())
    host.free = 150 * mebibyte
    host.instead = async (link, { name }) => {
      if (name !== 'DLMessagePurgeDiskSpace') return false
      host.free = 1024 * mebibyte
      await link.status(0, null, 900 * mebibyte)
      return true
    }
    expect(await backUp()).toMatchObject({ code: 0 })
  })

  test('ends with 105 when the disk is full after all', async () => {
    const { host, backUp } = setUp()
    host.instead = async (link, { name }) => {
      if (name !== 'DLMessageMoveItems') return false
      await link.status(-15, 'No space left on device')
      return true
    }
    expect(await backUp()).toMatchObject({ code: 105 })
  })
})

test('an empty or damaged list of the host ends the backup with 205', async () => {
  for (const [name, bytes] of [
    ['Manifest.plist', ''],
    ['Manifest.plist', 'no list'],
    ['Manifest.db', ''],
    ['Status.plist', ''],
  ] as const) {
    const { host, backUp, transcript } = setUp()
    await backUp()
    host.files.set(`${udid}/${name}`, Buffer.from(bytes))
    expect(await backUp()).toMatchObject({ code: 205 })
    expect(transcript.complaints).toEqual([])
  }
})

test('what a full backup finds that is of no file is removed', async () => {
  const { host, backUp } = setUp()
  await backUp()
  const stray = `${udid}/ab/ab${'0'.repeat(38)}`
  host.files.set(stray, Buffer.from('stray'))
  host.files.delete(`${udid}/Status.plist`)
  expect(await backUp()).toMatchObject({ code: 0 })
  expect(host.files.has(stray)).toBe(false)
  expect(blobsOf(host).size).toBe(3)
})

describe('a phone with a passcode', () => {
  test('backs up when it is entered, and tells 208 when it is not', async () => {
    const { service, backUp } = setUp()
    service.passcode.asks = true
    let shown = 0
    service.at('passcode', async () => {
      shown += Number(service.passcode.isShown)
      await setImmediate()
      service.passcode.enter()
    })
    expect(await backUp()).toMatchObject({ code: 0 })
    service.at('passcode', () => service.passcode.expire())
    expect(await backUp()).toMatchObject({ code: 208 })
    expect([shown, service.passcode.isShown]).toEqual([1, false])
  })
})

test('who cancels on the phone ends the backup, in order', async () => {
  const { service, host, backUp, transcript } = setUp()
  service.at('file', () => service.cancel(), 2)
  expect(await backUp()).toMatchObject({ code: 1, description: expect.stringContaining('cancelled') })
  expect(service.sent).toHaveLength(1)
  expect(host.files.size).toBe(2)
  expect(transcript.complaints).toEqual([])
  expect(await backUp()).toMatchObject({ code: 0 })
})

test('a file that cannot be read is told to the host, and the others are sent', async () => {
  const { service, host, backUp } = setUp()
  service.unreadable.set('HomeDomain-a', 'Input/output error')
  expect(await backUp()).toMatchObject({ code: 104 })
  expect([...host.problems.values()]).toEqual(['Input/output error'])
  expect(service.sent).toEqual(['HomeDomain-b', 'MediaDomain-c'])
})

test('a host that says good-bye in the middle of the files is heard', async () => {
  const { service, host, connect, transcript } = setUp()
  host.instead = async (link, { name }) => {
    if (name === 'DLMessageUploadFiles') await link.disconnect()
    return false
  }
  service.tree.put('MediaDomain', 'film', generatedContent(2 * mebibyte))
  await connect((each, stream) => each.backUp(stream)).catch(() => {})
  expect(transcript.said('com.apple.mobilebackup2').at(-1)).toBe('DLMessageDisconnect')
  expect(transcript.complaints).toEqual([])
})

describe('the password', () => {
  test('is set, changed and cleared by who knows it, and is what lockdown says', async () => {
    const { service, connect, host, backUp } = setUp()
    const change = (passwords: Record<string, string>) =>
      connect((each, stream) => each.ask(stream, { MessageName: 'ChangePassword', ...passwords }))
    expect(service.willEncrypt).toBe(false)
    expect(await change({ OldPassword: 'x', NewPassword: 'y' })).toMatchObject({ code: 207 })
    expect(await change({ NewPassword: 'one' })).toMatchObject({ code: 0 })
    expect(service.willEncrypt).toBe(true)
    expect(await change({ NewPassword: 'two' })).toMatchObject({ code: 207 })
    expect(await change({ OldPassword: 'one', NewPassword: 'two' })).toMatchObject({ code: 0 })
    expect(await change({ OldPassword: 'one' })).toMatchObject({ code: 207 })
    await backUp()
    expect([...blobsOf(host).values()].some((text) => /first|third/.test(text))).toBe(false)
    expect(await change({ OldPassword: 'two' })).toMatchObject({ code: 0 })
    expect(service.willEncrypt).toBe(false)
    await backUp()
    expect(service.sent).toHaveLength(3)
  })
})

test.each(Object.keys(oddScripts))('an odd phone, which %s, ends with a whole backup', async (name) => {
  const { service, host, backUp, transcript } = setUp()
  service.script = oddScripts[name] ?? null
  expect(await backUp()).toEqual({ code: 0, description: undefined })
  expect([...blobsOf(host).values()].toSorted()).toEqual(['', 'first', 'third'])
  expect(transcript.complaints).toEqual([])
})

test('hostile phones do to a host that trusts them what their names say, and none makes a backup', async () => {
  const escaped = new Set<string>()
  const names = Object.keys(hostileScripts)
  expect(names.length).toBeGreaterThan(9 * waysOut.length)
  for (const name of names) {
    const { service, host, connect } = setUp()
    service.script = hostileScripts[name] ?? null
    // Where the phone falls silent or sends without end, the host goes away after a while.
    await connect(async (each, stream) => {
      setTimeout(() => stream.destroy(), 150)
      return each.backUp(stream)
    }).catch(() => {})
    expect(host.files.get(`${udid}/Manifest.db`)?.length ?? 0, name).toBe(0)
    expect(host.commands.length, name).toBeGreaterThan(1)
    for (const path of host.files.keys())
      if (!path.startsWith(`${udid}/`) || path.includes('..')) escaped.add(path)
  }
  expect([...escaped]).toEqual(expect.arrayContaining(['../../escaped', '/escaped', `${udid}/../../escaped`]))
})
