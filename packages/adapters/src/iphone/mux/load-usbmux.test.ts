import { describe, expect, test } from 'vitest'
import { loadUsbmux } from './load-usbmux.js'

class Usbmux {
  readonly name = 'a client of usbmux'
}

/** Loads from these modules; others are not installed, as Node says it. */
function from(modules: Readonly<Record<string, unknown>>): (name: string) => Promise<unknown> {
  return async (name) => {
    const found = modules[name]
    if (found instanceof Error) throw found
    if (found === undefined)
      throw Object.assign(new Error(`Cannot find ${name}`), { code: 'ERR_MODULE_NOT_FOUND' })
    return found
  }
}

const deep = 'appium-ios-device/build/lib/usbmux/index.js'

describe('appium-ios-device is found', () => {
  test.each([
    ['as a property of what a CommonJS module exports', { 'appium-ios-device': { default: { Usbmux } } }],
    ['as an export', { 'appium-ios-device': { Usbmux } }],
    [
      'in its own file, where its index fails over a dependency',
      { 'appium-ios-device': new TypeError('Cannot read properties of undefined'), [deep]: { Usbmux } },
    ],
    [
      'in its own file, where its index exports another thing',
      { 'appium-ios-device': {}, [deep]: { Usbmux } },
    ],
  ])('%s', async (_, modules) => {
    expect(await loadUsbmux(from(modules))).toBe(Usbmux)
  })

  test('as it is installed', async () => {
    const Loaded = await loadUsbmux((name) => import(name))
    expect(Loaded.name).toBe('Usbmux')
  })
})

test('without the package the hint names what needs none', async () => {
  await expect(loadUsbmux(from({}))).rejects.toMatchObject({
    code: 'DRIVER_MISSING',
    retryable: false,
    hint: expect.stringMatching(/plainMux/),
  })
})

test('a package that cannot be loaded, or holds no client of usbmux, is not supported', async () => {
  const broken = { 'appium-ios-device': new TypeError('broken'), [deep]: new TypeError('broken too') }
  await expect(loadUsbmux(from(broken))).rejects.toMatchObject({ code: 'DRIVER_UNSUPPORTED' })
  const other = { 'appium-ios-device': { Usbmux: 7 }, [deep]: null }
  await expect(loadUsbmux(from(other))).rejects.toMatchObject({ code: 'DRIVER_UNSUPPORTED' })
})
