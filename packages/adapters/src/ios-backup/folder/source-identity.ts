import { basename } from 'node:path'
import { type PlistFile, textAt, valueAt } from './plist-file.js'
import type { BackupPlists } from './wholeness.js'

/** Which phone a backup is of, and when it was made. */
export interface SourceIdentity {
  readonly udid: string | null
  readonly deviceName: string | null
  readonly productType: string | null
  readonly osVersion: string | null
  /** Unix milliseconds UTC. */
  readonly takenAt: number | null
}

/** Puts together what the property lists say; Info.plist is the computer's word, Manifest.plist and Status.plist the phone's. */
export function sourceIdentity(root: string, plists: BackupPlists): SourceIdentity {
  const { info, manifest, status } = plists
  return {
    udid:
      textAt(info, 'Target Identifier') ??
      textAt(manifest, 'Lockdown', 'UniqueDeviceID') ??
      // Written in capitals here, whatever the phone itself says.
      (textAt(info, 'Unique Identifier') ?? udidOf(basename(root)))?.replace(/^[0-9A-F]{40}$/, (id) =>
        id.toLowerCase(),
      ) ??
      null,
    deviceName:
      textAt(info, 'Device Name') ??
      textAt(info, 'Display Name') ??
      textAt(manifest, 'Lockdown', 'DeviceName'),
    productType: textAt(info, 'Product Type') ?? textAt(manifest, 'Lockdown', 'ProductType'),
    osVersion: textAt(info, 'Product Version') ?? textAt(manifest, 'Lockdown', 'ProductVersion'),
    takenAt: dateAt(status, 'Date') ?? dateAt(manifest, 'Date') ?? dateAt(info, 'Last Backup Date'),
  }
}

function udidOf(folder: string): string | null {
  return /^(?:[0-9a-f]{40}|[0-9A-F]{8}-[0-9A-F]{16})$/i.test(folder) ? folder : null
}

function dateAt(plist: PlistFile, key: string): number | null {
  const value = valueAt(plist, key)
  return value instanceof Date && Number.isFinite(value.getTime()) ? Math.floor(value.getTime()) : null
}
