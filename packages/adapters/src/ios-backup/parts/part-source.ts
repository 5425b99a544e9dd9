import type { OpenSqlite } from '../../sqlite/driver.js'
import type { Blobs } from '../folder/blobs.js'
import type { Fingerprint } from '../folder/fingerprint.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { digestRemark, findDatabase, openDatabase } from '../manifest/listed-database.js'
import type { Manifest } from '../manifest/manifest.js'
import type { PartSource } from './backup-part.js'
import { placeOf } from './content-place.js'

/** The open backup that parts are opened from. */
export interface BackupFiles {
  readonly manifest: Manifest
  readonly blobs: Blobs
  readonly scratch: ScratchFolder
  readonly openSqlite: OpenSqlite
  readonly signal: AbortSignal
  readonly fingerprint: Fingerprint
  /** Takes what must be closed with the backup. */
  readonly closers: (() => void | Promise<void>)[]
}

/** The backup as its parts see it. */
export function backupSource(files: BackupFiles): PartSource {
  const { manifest, blobs, closers } = files
  return {
    placeOf: (path) => placeOf(path, manifest, blobs),
    async openDatabase(path, name) {
      const found = await findDatabase(path, manifest, blobs)
      if (found.state !== 'present') return found
      const database = await openDatabase(found, name, files)
      closers.push(() => database.close())
      const remark = digestRemark(name, found.entry, files.fingerprint.sha1, blobs.areEncrypted)
      return { state: 'present', database, remarks: remark === null ? [] : [remark] }
    },
  }
}
