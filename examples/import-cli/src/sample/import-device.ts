import { dirname } from 'node:path'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { iphone } from '@holdfast/adapters/iphone'
import type { Json } from '@holdfast/core'
import type { BackupRef, Device } from '@holdfast/core/import'
import { openDatabase } from '../open-database.js'
import { samplePhone, sampleUdid } from './sample-phone.js'

/**
 * The devices of this program as one: a run whose input names a path is about a backup on disk, one that names the sample phone is
 * the demo's, and any other is about a live iPhone. So `retry` and `discard` go on with each, whoever started it.
 */
export function importDevice(
  { backups }: { readonly backups: string },
  { full = false }: { readonly full?: boolean | undefined } = {},
): Device {
  const sample = samplePhone(backups)
  const folder = backupFolder()
  const phone = iphone({ folder: backups, full, openSqlite: openDatabase })
  const deviceFor = (input: Json): Device => {
    const udid = udidOf(input)
    if (udid === null) return folder
    return udid === sampleUdid ? sample : phone
  }
  // A backup that lies where those of phones do was made of one, or was gone on with.
  const ownerOf = ({ path }: BackupRef): Device => (dirname(path) === backups ? phone : folder)
  return {
    // The port asks for one answer for all inputs, and a folder is nothing that could be unplugged. Phones tell themselves when they go.
    needs: [],
    ...(phone.stall === undefined ? {} : { stall: phone.stall }),
    resources: (input) => deviceFor(input).resources(input),
    expectedPath: (input) => deviceFor(input).expectedPath(input),
    acquire: (context) => deviceFor(context.input).acquire(context),
    release: (backup, receipt, options) => ownerOf(backup).release(backup, receipt, options),
    discard: (backup, options) => ownerOf(backup).discard(backup, options),
  }
}

function udidOf(input: Json): string | null {
  if (typeof input !== 'object' || input === null || !('udid' in input)) return null
  return typeof input['udid'] === 'string' ? input['udid'] : null
}
