import { expect, test } from 'vitest'
import { hurriedClock } from './backup-workshop.js'
import type { Mux, Workshops } from './fault-workshop.js'

const backupServiceName = 'com.apple.mobilebackup2'

/** Lockdown refuses with a word, until somebody has done on the phone what they were asked for. */
function refused(
  { mux, workshops }: { readonly mux: Mux; readonly workshops: Workshops },
  { request, word, kind }: { readonly request: string; readonly word: string; readonly kind: string },
): void {
  test(`somebody is asked to ${kind} where ${request} fails with ${word}, until that was done`, async () => {
    const shop = await workshops.open({ mux, device: { clock: hurriedClock(100) } })
    shop.phone.lockdownFaults.set(request, word)
    shop.onAsk = () => void setTimeout(() => shop.phone.lockdownFaults.clear(), 60)
    await shop.acquire()
    expect(shop.asks).toEqual([kind])
    expect(shop.phases.slice(0, 3)).toEqual(['connecting', `waiting-for-${kind}`, 'connecting'])
    expect(await shop.wholeness()).toBe('complete')
    expect(shop.phone.transcript.complaints).toEqual([])
  })
}

/** The phone has forgotten the computer, or asks whether to trust it. */
export function invalidHostId(mux: Mux, workshops: Workshops): void {
  const over = { mux, workshops }
  refused(over, { request: 'StartSession', word: 'InvalidHostID', kind: 'trust' })
  refused(over, { request: 'StartSession', word: 'PairingDialogResponsePending', kind: 'trust' })
}

/** The phone is locked. */
export function lockedService(mux: Mux, workshops: Workshops): void {
  const over = { mux, workshops }
  refused(over, { request: 'StartSession', word: 'PasswordProtected', kind: 'unlock' })
  refused(over, {
    request: `StartService ${backupServiceName}`,
    word: 'PasswordProtected',
    kind: 'unlock',
  })
}

/** Nobody has tapped “Trust”. */
export function noPairRecord(mux: Mux, workshops: Workshops): void {
  test('somebody is asked to trust this computer, until that was done', async () => {
    const shop = await workshops.open({
      mux,
      pairRecord: 'none',
      device: { clock: hurriedClock(100) },
    })
    shop.onAsk = () => void setTimeout(() => shop.phone.trust(), 60)
    await shop.acquire()
    expect(shop.asks).toEqual(['trust'])
    expect(await shop.wholeness()).toBe('complete')
    expect(shop.phone.transcript.complaints).toEqual([])
  })

  test('a phone that nobody trusts, unlocks or has is told as such in the end', async () => {
    const shop = await workshops.open({
      mux,
      pairRecord: 'none',
      device: { clock: hurriedClock(100), patience: 100 },
    })
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'DEVICE_NOT_PAIRED' })
    shop.phone.unplug()
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'DEVICE_NOT_FOUND' })
  })
}
