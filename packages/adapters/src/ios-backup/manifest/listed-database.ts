import type { OpenSqlite } from '../../sqlite/driver.js'
import { BackupDatabase } from '../database/backup-database.js'
import { type DatabaseName, damaged } from '../database/database-errors.js'
import type { SideFile } from '../database/private-copy.js'
import type { Blobs } from '../folder/blobs.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { besides, type PhonePath } from './file-id.js'
import type { Manifest, ManifestEntry } from './manifest.js'

/** A database of the phone that the backup holds. */
export interface PresentDatabase {
  readonly state: 'present'
  readonly entry: ManifestEntry
  /** Where the blob is; {@link openDatabase} decrypts it. */
  readonly path: string
  readonly sideFiles: readonly ListedSideFile[]
  readonly blobs: Blobs
}

/** A side file with its id, by which its key is found. */
export interface ListedSideFile extends SideFile {
  readonly fileId: string
}

/** A database of the phone, as far as the backup has it. */
export type ListedDatabase =
  | PresentDatabase
  | { readonly state: 'absent' }
  | { readonly state: 'blob-missing' }

/**
 * Looks a database up in the manifest and on disk, with the side files that the phone saved with it: what was not yet in the
 * database itself is in its write-ahead log (some have everything there, and four kilobytes in the main file).
 */
export async function findDatabase(
  phonePath: PhonePath,
  manifest: Manifest,
  blobs: Blobs,
): Promise<ListedDatabase> {
  const entry = manifest.find(phonePath)
  if (entry?.kind !== 'file') return { state: 'absent' }
  const blob = await blobs.find(entry.fileId)
  if (blob === null) return { state: 'blob-missing' }
  const sideFiles: ListedSideFile[] = []
  for (const suffix of ['-wal', '-journal'] as const) {
    const listed = manifest.find(besides(phonePath, suffix))
    if (listed?.kind !== 'file') continue
    const side = await blobs.find(listed.fileId)
    if (side !== null && side.bytes > 0) sideFiles.push({ suffix, path: side.path, fileId: listed.fileId })
  }
  return { state: 'present', entry, path: blob.path, sideFiles, blobs }
}

/** Opens a database that is there, decrypted into the scratch folder where it must be. Throws as `BackupDatabase.open`. */
export async function openDatabase(
  found: PresentDatabase,
  name: DatabaseName,
  options: { readonly openSqlite: OpenSqlite; readonly scratch: ScratchFolder; readonly signal: AbortSignal },
): Promise<BackupDatabase> {
  const { entry, blobs, path, sideFiles } = found
  const decrypt = async (fileId: string, file: string): Promise<string | null> => {
    if ((await blobs.locate(fileId)).state === 'undecryptable') throw damaged(name, 'it cannot be decrypted')
    return blobs.decryptInto(options.scratch, fileId, file, options.signal)
  }
  const decrypted = await decrypt(entry.fileId, entry.fileId)
  if (decrypted === null) return BackupDatabase.open(path, name, { ...options, sideFiles })
  for (const { fileId, suffix, path: side } of sideFiles) {
    const file = `${entry.fileId}${suffix}`
    if ((await decrypt(fileId, file)) === null) await options.scratch.copy(side, file)
  }
  return BackupDatabase.open(decrypted, name, { ...options, sideFiles, isPrivate: true })
}

/**
 * A remark when a database is not the file that the phone put into the backup: the manifest carries the SHA-1 of its blob
 * (the phone itself checks it when a backup is restored). Null when they agree, or the manifest carries none.
 */
export function digestRemark(
  name: DatabaseName,
  entry: ManifestEntry,
  sha1: ReadonlyMap<string, string>,
  encrypted: boolean,
): string | null {
  const details = entry.details()
  const actual = sha1.get(entry.fileId)
  if (details === null || details.sha1 === null || actual === undefined || details.sha1 === actual)
    return null
  const decrypted =
    details.encryptionKey !== null && !encrypted ? ' The backup seems to be a decrypted copy.' : ''
  return `${name.file} is not the file that the phone wrote: its SHA-1 is not the one in the manifest.${decrypted}`
}
