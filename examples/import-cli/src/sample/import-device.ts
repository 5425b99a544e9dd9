import { backupFolder } from '@holdfast/adapters/backup-folder'
import type { Json } from '@holdfast/core'
import type { BackupRef, Device } from '@holdfast/core/import'
import { samplePhone, sampleUdid } from './sample-phone.js'

/**
 * The devices of this program as one: a run whose input names a path is about a backup on disk, one that names the sample phone is
 * the demo's. So `retry` and `discard` go on with either, whoever started it.
 */
export function importDevice(): Device {
  const phone = samplePhone()
  const folder = backupFolder()
  const deviceFor = (input: Json): Device => (isSample(input) ? phone : folder)
  // Only the phone makes backups; what it made is its own to let go.
  const ownerOf = ({ ownership }: BackupRef): Device => (ownership === 'made' ? phone : folder)
  return {
    // Nothing that could be unplugged; the port asks for one answer for all inputs.
    needs: [],
    resources: (input) => deviceFor(input).resources(input),
    expectedPath: (input) => deviceFor(input).expectedPath(input),
    acquire: (context) => deviceFor(context.input).acquire(context),
    release: (backup, receipt, options) => ownerOf(backup).release(backup, receipt, options),
    discard: (backup, options) => ownerOf(backup).discard(backup, options),
  }
}

function isSample(input: Json): boolean {
  return typeof input === 'object' && input !== null && 'udid' in input && input['udid'] === sampleUdid
}
