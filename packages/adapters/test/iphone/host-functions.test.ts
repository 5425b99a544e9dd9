import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changeBackupPassword, plainMux } from '../../src/iphone/index.js'
import { hurriedClock, Workshop } from './backup-workshop.js'

let workshop: Workshop | null = null
const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await workshop?.close()
  workshop = null
  process.off('unhandledRejection', note)
})

const lockFile = '/com.apple.itunes.lock_sync'
/** As Electron throws when the window was closed that is told. */
const destroyed = (): never => {
  throw new Error('Object has been destroyed')
}
const failed = { code: 'STEP_FAILED', message: expect.stringContaining('Object has been destroyed') }

function connections(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

/** Waits until what is ending has ended, and gives how many connections there are more than before. */
async function leftOver(before: number): Promise<number> {
  for (let tried = 0; tried < 60 && connections() > before; tried++) await sleep(50)
  return connections() - before
}

describe('a function of the app that throws', () => {
  test('when the question for the passcode goes fails the step, and the phone is let go', async () => {
    let isShown = false
    const shop = await Workshop.open({
      device: {
        onState: ({ phase }) => {
          if (phase === 'waiting-for-passcode') isShown = true
          else if (isShown) destroyed()
        },
      },
    })
    workshop = shop
    const { phone } = shop
    phone.backups.passcode.asks = true
    shop.onAsk = () => void setTimeout(() => phone.backups.passcode.enter(), 20)
    const before = connections()
    await expect(shop.acquire()).rejects.toMatchObject(failed)
    expect(await leftOver(before)).toBe(0)
    expect(phone.files.isLocked(lockFile)).toBe(false)
    expect(unhandled).toEqual([])
  })

  test('when trust was given leaves no connection', async () => {
    let isWaiting = false
    const shop = await Workshop.open({
      pairRecord: 'none',
      device: {
        clock: hurriedClock(100),
        onState: ({ phase }) => {
          if (phase === 'waiting-for-trust') isWaiting = true
          else if (isWaiting) destroyed()
        },
      },
    })
    workshop = shop
    shop.onAsk = () => void setTimeout(() => shop.phone.trust(), 60)
    const before = connections()
    await expect(shop.acquire()).rejects.toMatchObject(failed)
    expect(await leftOver(before)).toBe(0)
    expect(unhandled).toEqual([])
  })

  test.each(['connecting', 'preparing', 'receiving', 'finishing'])(
    'while %s fails the step, and the next attempt makes the backup',
    async (at) => {
      let isBroken = true
      const shop = await Workshop.open({
        device: { onState: ({ phase }) => void (isBroken && phase === at && destroyed()) },
      })
      workshop = shop
      await expect(shop.acquire()).rejects.toMatchObject(failed)
      expect(shop.phone.files.isLocked(lockFile)).toBe(false)
      isBroken = false
      await shop.acquire()
      expect(await shop.wholeness()).toBe('complete')
      expect(unhandled).toEqual([])
    },
  )

  test('when a password is to be changed ends that, and the phone is let go', async () => {
    const shop = await Workshop.open()
    workshop = shop
    const { phone } = shop
    phone.backups.passcode.asks = true
    const before = connections()
    const changed = changeBackupPassword({
      ...{ udid: phone.udid, newPassword: 'new', mux: plainMux({ address: phone.address }) },
      onWaiting: destroyed,
    })
    await expect(changed).rejects.toMatchObject(failed)
    // The emulated phone looks at the connection again when its question was answered.
    phone.backups.passcode.enter()
    expect(await leftOver(before)).toBe(0)
    expect(unhandled).toEqual([])
  })
})

test('whoever changes a password and gives up is waited for no more when that is told', async () => {
  const shop = await Workshop.open()
  workshop = shop
  const { phone } = shop
  phone.backups.passcode.asks = true
  const stop = new AbortController()
  const told: (string | null)[] = []
  const changed = changeBackupPassword({
    ...{ udid: phone.udid, newPassword: 'new', mux: plainMux({ address: phone.address }) },
    signal: stop.signal,
    onWaiting: (kind) => {
      told.push(kind)
      if (kind === 'passcode') setTimeout(() => stop.abort(new Error('enough')), 20)
    },
  })
  await expect(changed).rejects.toThrow('enough')
  expect(told).toEqual(['passcode', null])
})
