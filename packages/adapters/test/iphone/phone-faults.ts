import { expect, test } from 'vitest'
import type { BackupMoment } from '../../src/testing/index.js'
import { hurriedClock, treeDigest } from './backup-workshop.js'
import { expectFailureThenSuccess, lockFile, type Mux, type Workshops } from './fault-workshop.js'

/** The cable is pulled, at every moment of a backup. */
export function unplugged(mux: Mux, workshops: Workshops): void {
  const moments: readonly BackupMoment[] = [
    'requested',
    'listed',
    'manifest-read',
    'room',
    'file',
    'inside-file',
    'sent',
    'moving',
    'removing',
    'finishing',
    'finished',
  ]
  test.each(moments)(
    'a phone that is unplugged at %s parks the run, and the next attempt goes on',
    async (moment) => {
      const made = await workshops.openWithBackup({ mux })
      made.shop.phone.backups.at(moment, () => made.shop.phone.unplug())
      await expectFailureThenSuccess(made, { code: 'DEVICE_LOST', retryable: true })
    },
  )
}

/** The host has no room, and purges nothing when it is asked to. */
export function fullHost(mux: Mux, workshops: Workshops): void {
  test('a host that is too full is told how much room it takes', async () => {
    const gigabyte = 1024 ** 3
    let free = gigabyte / 16
    const made = await workshops.openWithBackup({
      mux,
      device: { freeSpace: () => Math.max(free, (free += gigabyte)) },
    })
    free = -gigabyte + 1000
    await expectFailureThenSuccess(made, {
      code: 'DISK_FULL',
      facts: { deviceCode: 105, bytesFree: 1000, bytesNeeded: expect.any(Number) },
    })
  })
}

/** Nobody enters the passcode. */
export function passcodeMissing(mux: Mux, workshops: Workshops): void {
  test('a passcode that is not entered is told, with the words of the phone', async () => {
    const made = await workshops.openWithBackup({ mux })
    const { phone } = made.shop
    phone.backups.passcode.asks = true
    phone.backups.at('passcode', () => void setTimeout(() => phone.backups.passcode.expire(), 20))
    made.shop.onAsk = () => void (phone.backups.passcode.asks = false)
    await expectFailureThenSuccess(made, {
      code: 'PASSCODE_MISSING',
      facts: { deviceCode: 208, words: expect.stringContaining('Device locked') },
    })
    expect(made.shop.asks).toEqual(['passcode'])
  })
}

/** The phone fails to read some of its files. */
export function unreadableFiles(mux: Mux, workshops: Workshops): void {
  test('files that the phone cannot read fail with its words', async () => {
    const made = await workshops.openWithBackup({ mux })
    const { unreadable } = made.shop.phone.backups
    unreadable.set('HomeDomain-Library/Things/3', 'Input/output error')
    await expect(made.shop.acquire({ run: 'second' })).rejects.toMatchObject({
      code: 'DEVICE_FILES_FAILED',
      facts: { deviceCode: 104, words: expect.stringContaining('Multiple errors uploading files') },
    })
    unreadable.clear()
    expect(await treeDigest(made.shop.path)).toBe(made.before)
    await made.shop.acquire({ run: 'second' })
    expect(await made.shop.wholeness()).toBe('complete')
    expect(made.shop.phone.transcript.complaints).toEqual([])
  })
}

/** Somebody cancels on the phone. */
export function cancelledOnPhone(mux: Mux, workshops: Workshops): void {
  test('somebody who cancels on the phone is understood', async () => {
    const made = await workshops.openWithBackup({ mux })
    const { notifications, backups } = made.shop.phone
    backups.at('file', async () => {
      await notifications.tell('com.apple.itunes-client.syncCancelRequest')
      await new Promise((resolve) => void setTimeout(resolve, 50))
    })
    backups.failAt('sent', 1, 'Cancelled')
    await expectFailureThenSuccess(made, { code: 'DEVICE_CANCELLED', facts: { deviceCode: 1 } })
  })

  test('a phone that goes on all the same is left after a while', async () => {
    const made = await workshops.openWithBackup({ mux, device: { clock: hurriedClock(100) } })
    const { notifications, backups } = made.shop.phone
    let goOn = (): void => {}
    backups.at('file', async () => {
      await notifications.tell('com.apple.itunes-client.syncCancelRequest')
      await new Promise<void>((resolve) => (goOn = resolve))
    })
    const failed = expectFailureThenSuccess(made, { code: 'DEVICE_CANCELLED' })
    await failed.finally(() => goOn())
  })
}

/** The run is cancelled. */
export function cancelledHere(mux: Mux, workshops: Workshops): void {
  test('a run that is cancelled tells the phone, and lets its lock go', async () => {
    const made = await workshops.openWithBackup({ mux })
    const stop = new AbortController()
    const reason = new Error('enough')
    made.shop.phone.backups.at('inside-file', () => stop.abort(reason))
    const ended = made.shop.acquire({ run: 'second', signal: stop.signal })
    await expect(ended).rejects.toBe(reason)
    expect(made.shop.phone.files.isLocked(lockFile)).toBe(false)
    const { transcript } = made.shop.phone
    const said = transcript.lines.flatMap(({ what, details }) => [what, details['name'] ?? null])
    expect(said).toContain('com.apple.itunes-mobdev.syncDidFinish')
    expect(transcript.said('com.apple.mobile.notification_proxy').at(-1)).toBe('Shutdown')
    expect(transcript.said('com.apple.mobilebackup2').at(-1)).toBe('DLMessageDisconnect')
    expect(transcript.complaints).toEqual([])
    expect(await treeDigest(made.shop.path)).toBe(made.before)
    await made.shop.acquire({ run: 'second' })
    expect(await made.shop.wholeness()).toBe('complete')
  })
}

/** Another program holds the lock of syncs. */
export function lockTaken(mux: Mux, workshops: Workshops): void {
  test('another program that backs the phone up keeps this one waiting, and then off', async () => {
    const shop = await workshops.open({ mux, device: { clock: hurriedClock(100) } })
    const letGo = shop.phone.files.holdLock(lockFile)
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'SYNC_UNDER_WAY' })
    expect(await shop.beside()).toEqual([])
    letGo()
    await shop.acquire()
    expect(await shop.wholeness()).toBe('complete')
  })
}
