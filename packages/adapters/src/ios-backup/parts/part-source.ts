import type { OpenSqlite } from '../../sqlite/driver.js'
import type { DatabaseName } from '../database/database-errors.js'
import type { Blobs } from '../folder/blobs.js'
import type { Fingerprint } from '../folder/fingerprint.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { fileIdOf, type PhonePath } from '../manifest/file-id.js'
import { digestRemark, findDatabase, openDatabase } from '../manifest/listed-database.js'
import type { Manifest } from '../manifest/manifest.js'
import type { ManifestFile } from '../manifest/manifest-file.js'
import type { FoundDatabase, PartSource } from './backup-part.js'
import { placeOf } from './content-place.js'

/** The open backup that parts are opened from. */
export interface BackupFiles {
  /** The phone's own number; null where it is not known. */
  readonly ownNumber: string | null
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
  const { ownNumber, manifest, blobs, closers } = files
  const opened = new Map<string, FoundDatabase>()

  async function open(path: PhonePath, name: DatabaseName): Promise<FoundDatabase> {
    const found = await findDatabase(path, manifest, blobs)
    if (found.state !== 'present') return found
    const database = await openDatabase(found, name, files)
    closers.push(() => database.close())
    const remark = digestRemark(name, found.entry, files.fingerprint.sha1, blobs.areEncrypted)
    return {
      state: 'present',
      database,
      remarks: [...(remark === null ? [] : [remark]), ...database.remarks],
    }
  }

  return {
    ownNumber,
    placeOf: (path) => placeOf(path, manifest, blobs),
    areFolders: (paths) => manifest.areDirectories(paths),
    async *filesBelow(folder, isWanted) {
      for await (const page of manifest.below(folder, isWanted, files.signal)) {
        yield page
          .filter(({ kind }) => kind !== 'directory')
          .map(({ relativePath, details }) => ({ relativePath, claimedBytes: sizeIn(details()) }))
      }
    },
    async openDatabase(path, name) {
      const fileId = fileIdOf(path)
      const found = opened.get(fileId) ?? (await open(path, name))
      opened.set(fileId, found)
      return found
    },
  }
}

/** The size that the manifest claims, where it is one. */
function sizeIn(details: ManifestFile | null): number | null {
  const size = details?.size ?? null
  return size !== null && Number.isSafeInteger(size) && size >= 0 ? size : null
}
