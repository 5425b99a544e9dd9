import type { Duplex } from 'node:stream'
import { HoldfastError, systemCodeOf } from '@holdfast/core'

/** What is used of appium-ios-device: its client of usbmux, on a connection of ours. */
export interface Usbmux {
  listDevices(timeout: number): Promise<unknown>
  readBUID(timeout: number): Promise<unknown>
  readPairRecord(udid: string, timeout: number): Promise<unknown>
  connect(deviceId: number, port: number, timeout: number): Promise<unknown>
}

/** The class of it. */
export type UsbmuxClass = new (connection: Duplex) => Usbmux

/** Loads a module by its name. */
export type LoadModule = (name: string) => Promise<unknown>

/** The package, then the one file in it that is needed: its index may fail to load because of a dependency that is not (a newer bplist-parser). */
const places = ['appium-ios-device', 'appium-ios-device/build/lib/usbmux/index.js']

/**
 * Loads appium-ios-device from where the host has it.
 *
 * @throws HoldfastError `DRIVER_MISSING` when it is not installed, `DRIVER_UNSUPPORTED` when it holds no client of usbmux.
 */
export async function loadUsbmux(load: LoadModule): Promise<UsbmuxClass> {
  let cause: unknown = null
  for (const place of places) {
    try {
      const found = usbmuxOf(await load(place))
      if (found !== null) return found
    } catch (error) {
      cause ??= error
    }
  }
  const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(systemCodeOf(cause) ?? '')
  throw new HoldfastError(
    missing ? 'DRIVER_MISSING' : 'DRIVER_UNSUPPORTED',
    `The package appium-ios-device ${missing ? 'is not installed' : 'cannot be used'}`,
    {
      hint: 'Install appium-ios-device 3.1 beside the app, or use plainMux(), which needs no package.',
      retryable: false,
      ...(cause === null ? {} : { cause }),
    },
  )
}

/** The class in a module: an export, or a property of what a CommonJS module exports. */
function usbmuxOf(loaded: unknown): UsbmuxClass | null {
  for (const holder of [loaded, property(loaded, 'default')]) {
    const found = property(holder, 'Usbmux')
    // What it takes and gives is checked by using it: JavaScript knows no more of a class.
    if (typeof found === 'function') return found as UsbmuxClass
  }
  return null
}

function property(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined
}
