import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { type MuxAddress, showAddress } from './mux-address.js'

/** The error when nobody answers at the address of the mux. */
export function muxUnreachable(address: MuxAddress, cause: unknown): HoldfastError {
  return new HoldfastError('MUX_UNREACHABLE', 'The service that speaks with iPhones does not run', {
    hint: hintFor(process.platform),
    facts: { address: showAddress(address), systemCode: systemCodeOf(cause) },
    cause,
  })
}

/** The error for what a mux must not answer. */
export function muxFailed(
  problem: string,
  facts: Readonly<Record<string, string | number | null>> = {},
  cause?: unknown,
): HoldfastError {
  return new HoldfastError('MUX_FAILED', problem, {
    hint: 'Disconnect the iPhone, connect it again, unlock it, and tap “Trust” if it asks.',
    facts,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The error for what the mux answered to `Connect`. */
export function connectRefused(result: number, facts: { udid: string; port: number }): HoldfastError {
  if (result === 2) {
    return new HoldfastError('DEVICE_NOT_FOUND', 'The iPhone is not connected any more', {
      hint: 'Connect the iPhone with its cable, unlock it, and try again.',
      facts,
    })
  }
  if (result === 3) {
    return new HoldfastError('DEVICE_REFUSED', `The iPhone accepts no connection on its port ${facts.port}`, {
      hint: 'Unlock the iPhone and try again. If that does not help, restart it.',
      facts,
    })
  }
  return muxFailed(`The service that speaks with iPhones refused to connect, with result ${result}`, {
    ...facts,
    result,
  })
}

function hintFor(platform: NodeJS.Platform): string {
  if (platform === 'win32') {
    return 'Install “Apple Devices” from the Microsoft Store (or iTunes), open it once with the iPhone connected, and try again.'
  }
  if (platform === 'darwin') return 'Restart the Mac; if it still does not run, install the updates of macOS.'
  return 'Install usbmuxd (on Debian and Ubuntu: apt install usbmuxd), connect the iPhone, and try again.'
}
