import type { MuxDevice } from './mux-transport.js'

/**
 * The id of a phone as the phone itself says it. Newer ones have 8 and 16 digits with a dash between, and some muxes leave the dash
 * out, although pair records are filed under the id with it.
 */
export function normalUdid(udid: string): string {
  return /^[0-9A-Fa-f]{24}$/.test(udid) ? `${udid.slice(0, 8)}-${udid.slice(8)}` : udid
}

/** One entry for each phone, the cable before the network. */
export function onePerPhone(devices: Iterable<MuxDevice>): readonly MuxDevice[] {
  const byUdid = new Map<string, MuxDevice>()
  for (const device of devices) {
    const known = byUdid.get(device.udid)
    if (known === undefined || (known.connection === 'network' && device.connection === 'usb')) {
      byUdid.set(device.udid, device)
    }
  }
  const cable = (device: MuxDevice): number => (device.connection === 'usb' ? 0 : 1)
  return [...byUdid.values()].sort((a, b) => cable(a) - cable(b) || a.deviceId - b.deviceId)
}
