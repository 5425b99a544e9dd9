import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Cutting, type EmulatedIphoneOptions, PhoneTree } from '../../src/testing/index.js'
import { CuttingRelay } from './cutting-relay.js'
import type { Mux, Workshops } from './fault-workshop.js'
import { readWholeBackup } from './read-whole-backup.js'

/** A phone of a certain kind is backed up like any other, the first time and again. */
export function ofKind(options: EmulatedIphoneOptions): (mux: Mux, workshops: Workshops) => void {
  return (mux, workshops) => {
    test(`a phone with ${JSON.stringify(options)} is backed up, and again`, async () => {
      const shop = await workshops.open({ mux, ...options })
      await shop.acquire({ run: 'first' })
      expect(await shop.wholeness()).toBe('complete')
      shop.phone.backups.tree.put('HomeDomain', 'Library/new', 'new')
      await shop.acquire({ run: 'second' })
      expect(shop.phone.backups.sent).toEqual(['HomeDomain-Library/new'])
      expect(await shop.wholeness()).toBe('complete')
      expect(shop.phone.transcript.complaints).toEqual([])
    })
  }
}

/** A phone from before iOS 10, which is not served. */
export function oldTls(mux: Mux, workshops: Workshops): void {
  test('a phone that knows only TLS 1.0 is refused with a code', async () => {
    const shop = await workshops.open({ mux, tls: '1.0' })
    await expect(shop.acquire()).rejects.toMatchObject({
      code: 'DEVICE_TLS_FAILED',
      facts: { systemCode: expect.any(String) },
    })
    expect(await shop.wholeness()).toBeNull()
  })
}

/** A mux that listens on a unix socket, as on Linux and macOS. */
export function unixSocket(mux: Mux, workshops: Workshops): void {
  test.skipIf(process.platform === 'win32')('a mux on a unix socket is spoken with', async () => {
    const socketPath = join(tmpdir(), `holdfast-mux-${process.pid}`)
    await rm(socketPath, { force: true })
    const shop = await workshops.open({ mux, socketPath })
    await shop.acquire()
    expect(await shop.wholeness()).toBe('complete')
  })
}

/** The phone names forty thousand files in one message. */
export function fortyThousandPaths(mux: Mux, workshops: Workshops): void {
  test('a phone that moves and removes 40,000 files at once is served', async () => {
    const shop = await workshops.open({ mux })
    const { udid } = shop.phone
    const paths = Array.from(
      { length: 40_000 },
      (__, at) => `${udid}/ab/${at.toString(16).padStart(40, '0')}`,
    )
    const codes: number[] = []
    shop.phone.backups.script = async (link) => {
      const moves = new Map(paths.map((path) => [path, `${path}-moved`]))
      // None of them is there: moving says so, and removing has nothing to do.
      codes.push((await link.arrange('DLMessageMoveItems', moves, 1)).code)
      codes.push((await link.arrange('DLMessageRemoveItems', paths, 1)).code)
    }
    await expect(shop.acquire()).rejects.toMatchObject({
      code: 'DESTINATION_UNWRITABLE',
      facts: { systemCode: 'ENOENT' },
    })
    expect(codes).toEqual([-6, 0])
    expect(shop.phone.transcript.complaints).toEqual([])
  })
}

/**
 * The connection cuts what is sent over it at every byte, in other pieces, and joins what was sent apart: of the mux's words, of lockdown's,
 * and of TLS; or, where the services speak without it, of their own words and of the files.
 */
export function cutStreams(mux: Mux, workshops: Workshops): void {
  test.each<[Cutting, boolean]>([
    [1, false],
    [1, true],
    [3, false],
    [1000, false],
    [1000, true],
    ['joined', false],
    ['joined', true],
  ])('a connection that cuts to %s changes nothing; services with TLS: %s', async (cutting, serviceTls) => {
    const tree = new PhoneTree()
      .put('HomeDomain', 'Library/a', 'first')
      .put('HomeDomain', 'Library/empty', '')
      .put('CameraRollDomain', 'Media/b', 'x'.repeat(5000))
    const relay = await CuttingRelay.listen(cutting)
    try {
      const throughRelay: Mux = (address) => {
        relay.target = address
        return mux(relay.address)
      }
      const shop = await workshops.open({ tree, serviceTls, mux: throughRelay })
      await shop.acquire({ run: 'first' })
      if (cutting !== 1) {
        tree.put('HomeDomain', 'Library/a', 'later')
        await shop.acquire({ run: 'second' })
        expect(shop.phone.backups.sent).toEqual(['HomeDomain-Library/a'])
      }
      expect(await shop.wholeness()).toBe('complete')
      expect((await readWholeBackup(shop.path)).size).toBe(3)
      expect(shop.phone.transcript.complaints).toEqual([])
      if (cutting === 'joined') expect(relay.longest).toBeGreaterThan(1000)
      else expect(relay.longest).toBe(cutting)
    } finally {
      await relay.close()
    }
  })
}
