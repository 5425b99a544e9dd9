import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EmulatedIphone } from '../../testing/emulated-iphone/emulated-iphone.js'
import { muxContract } from '../../testing/mux-contract.js'
import { appiumMux } from './appium-mux.js'
import { plainMux } from './plain-mux.js'

describe('the plain client of the mux', () => {
  for (const { name, run } of muxContract((address) => plainMux({ address })))
    test(name, () => expect(run()).resolves.toBeUndefined())
})

describe('appium-ios-device', () => {
  for (const { name, run } of muxContract((address) => appiumMux({ address, lookEvery: 5 })))
    test(name, () => expect(run()).resolves.toBeUndefined())
})

test.skipIf(process.platform === 'win32')(
  'both reach a mux on a unix socket, with and without its prefix',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-mux-'))
    const socketPath = join(folder, 'usbmuxd')
    const phone = await EmulatedIphone.start({ socketPath })
    try {
      expect(phone.address).toBe(`UNIX:${socketPath}`)
      for (const address of [phone.address, socketPath]) {
        expect(await plainMux({ address }).list()).toMatchObject([{ udid: phone.udid }])
        expect(await appiumMux({ address }).list()).toMatchObject([{ udid: phone.udid }])
      }
      await phone.stop()
      await expect(plainMux({ address: socketPath }).list()).rejects.toMatchObject({
        code: 'MUX_UNREACHABLE',
      })
    } finally {
      await phone.stop()
      await rm(folder, { recursive: true })
    }
  },
)

test('options are checked at once', () => {
  expect(() => plainMux({ address: 'nowhere' })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  const misspelt: object = { adress: '127.0.0.1:1' }
  expect(() => appiumMux(misspelt)).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }))
})
