import { randomUUID } from 'node:crypto'
import type { BackupIdentity } from '../../synthetic-backup/folder/property-lists.js'
import { hardware } from '../phone-values.js'

/** What the property lists of a new backup say of the phone and of themselves. `uuid` is that of the backup before, where this one goes on with it. */
export function backupIdentity(
  phone: { readonly udid: string; readonly name: string; readonly iosVersion: string },
  uuid: string | null,
): BackupIdentity {
  return {
    udid: phone.udid,
    deviceName: phone.name,
    serialNumber: hardware.SerialNumber,
    phoneNumber: hardware.PhoneNumber,
    uuid: uuid ?? randomUUID().toUpperCase(),
    generation: {
      productVersion: phone.iosVersion,
      buildVersion: hardware.BuildVersion,
      productType: hardware.ProductType,
      productName: 'iPhone 12',
      takenAt: Date.now(),
    },
  }
}
