import { build, buildBinary, type PlistValue } from 'plist'
import type { Generation } from './generations.js'

/** The phone and the moment that a backup's property lists speak of. */
export interface BackupIdentity {
  readonly udid: string
  readonly deviceName: string
  readonly serialNumber: string
  readonly phoneNumber: string
  /** UUID of the backup. */
  readonly uuid: string
  readonly generation: Omit<Generation, 'dateUnit'>
}

/** Info.plist: XML, as Finder and iTunes write it; what the computer knows of the phone. */
export function infoPlist(identity: BackupIdentity): string {
  const { generation } = identity
  const bundles = ['com.example.notebook', 'com.example.tides']
  const applications = Object.fromEntries(
    bundles.map((bundle) => [
      bundle,
      { ApplicationSINF: Buffer.from(bundle), PlaceholderIcon: Buffer.from('icon') },
    ]),
  )
  return build({
    'Build Version': generation.buildVersion,
    'Device Name': identity.deviceName,
    'Display Name': identity.deviceName,
    GUID: identity.uuid.replaceAll('-', ''),
    'Installed Applications': bundles,
    Applications: applications,
    'Last Backup Date': new Date(generation.takenAt),
    'Phone Number': identity.phoneNumber,
    'Product Name': generation.productName,
    'Product Type': generation.productType,
    'Product Version': generation.productVersion,
    'Serial Number': identity.serialNumber,
    'Target Identifier': identity.udid,
    'Target Type': 'Device',
    'Unique Identifier': identity.udid.toUpperCase(),
    'macOS Version': '14.5',
    'iTunes Version': '12.13.2',
  })
}

/**
 * Manifest.plist: what the phone says of the backup. With `encryption`, as of an encrypted one: the key bag, and the wrapped key
 * of Manifest.db where that is encrypted.
 */
export function manifestPlist(
  identity: BackupIdentity,
  encryption?: { readonly keyBag: Uint8Array; readonly manifestKey: Uint8Array | null },
): Uint8Array {
  const { generation } = identity
  const content: Record<string, PlistValue> = {
    Version: '10.0',
    Date: new Date(generation.takenAt),
    SystemDomainsVersion: '24.0',
    WasPasscodeSet: true,
    IsEncrypted: encryption !== undefined,
    Lockdown: {
      BuildVersion: generation.buildVersion,
      DeviceName: identity.deviceName,
      ProductType: generation.productType,
      ProductVersion: generation.productVersion,
      SerialNumber: identity.serialNumber,
      UniqueDeviceID: identity.udid,
    },
    Applications: {},
  }
  if (encryption !== undefined) {
    content['BackupKeyBag'] = encryption.keyBag
    if (encryption.manifestKey !== null) content['ManifestKey'] = encryption.manifestKey
  }
  return buildBinary(content)
}

/** How far a phone came with a backup. `finished` is what a whole one says; how phones name the other phases is not known. */
export type SnapshotState = 'uploading' | 'moving' | 'finished'

/** Status.plist: how far the phone came. */
export function statusPlist(
  backup: { readonly uuid: string; readonly takenAt: number; readonly isFull?: boolean },
  snapshotState: SnapshotState = 'finished',
): Uint8Array {
  return buildBinary({
    BackupState: 'new',
    Date: new Date(backup.takenAt),
    IsFullBackup: backup.isFull ?? true,
    SnapshotState: snapshotState,
    UUID: backup.uuid,
    Version: '3.3',
  })
}
