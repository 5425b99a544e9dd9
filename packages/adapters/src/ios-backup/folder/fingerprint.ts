import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { readSqliteFile } from '../database/sqlite-file.js'
import { besides, contactDatabase, fileIdOf, messageDatabase, type PhonePath } from '../manifest/file-id.js'
import { manifestName, oldManifestName } from '../manifest/manifest.js'
import { readFileChunks, regularFile } from './backup-file.js'
import { folderAt, infoName, manifestPlistName, statusName } from './backup-layout.js'
import { Blobs } from './blobs.js'
import { largestPlistBytes } from './plist-file.js'

/** A fingerprint, and on the way the SHA-1 of the databases by which the manifest names them. */
export interface Fingerprint {
  /** Lower-case hex. */
  readonly fingerprint: string
  /** SHA-1 in lower-case hex of the blobs that are there, by file id. */
  readonly sha1: ReadonlyMap<string, string>
}

const files = [infoName, manifestPlistName, statusName, manifestName, `${manifestName}-wal`, oldManifestName]
const databases = [messageDatabase, contactDatabase]
const blobs: readonly PhonePath[] = databases.flatMap((path) => [path, besides(path, '-wal')])

/** Every file that a fingerprint covers and that may be there, relative to the backup's folder. */
export const fingerprintedFiles: readonly string[] = [
  ...files,
  ...blobs.map(fileIdOf).flatMap((fileId) => [join(fileId.slice(0, 2), fileId), fileId]),
]

/**
 * Fingerprint of a backup: SHA-256 over the contents of its property lists, its manifest, and its databases of messages and contacts.
 * Equal for an untouched copy, whatever its times; different once the phone or anybody else has changed one of these. It does not
 * read the attachments, but their names, sizes and times are in the manifest, so a backup that the phone went on with has another one.
 *
 * @throws HoldfastError `BACKUP_NOT_FOUND`, `BACKUP_UNREADABLE`, `BACKUP_UNSAFE`, `BACKUP_INVALID` for a file without end, or the
 *   signal's reason.
 */
export async function fingerprintBackup(path: string, signal: AbortSignal): Promise<string> {
  return (await takeFingerprint(await folderAt(path), signal)).fingerprint
}

/** {@link fingerprintBackup} of the folder at a real path, with the hashes that it makes on the way. */
export async function takeFingerprint(root: string, signal: AbortSignal): Promise<Fingerprint> {
  const whole = createHash('sha256')
  const sha1 = new Map<string, string>()
  for (const name of files) {
    const path = join(root, name)
    const stats = await regularFile(path)
    // An empty side file appears when somebody looks into the manifest with SQLite, and says nothing.
    const there = stats !== null && !(name.endsWith('-wal') && stats.size === 0)
    // Most backups have none; theirs are the fingerprints that earlier receipts name.
    if (!there && name === oldManifestName) continue
    // What is too large to be read says nothing to the reader, whatever is in it.
    const isRead = there && !(name.endsWith('.plist') && stats.size > largestPlistBytes)
    const said = isRead ? await hashFile(path, [createHash('sha256')], signal) : `${stats?.size ?? 0} bytes`
    whole.update(`${name} ${there ? said : 'absent'}\n`)
  }
  const store = new Blobs(root)
  for (const each of blobs) {
    const fileId = fileIdOf(each)
    const blob = await store.find(fileId)
    const stored = createHash('sha1')
    whole.update(
      `${fileId} ${blob === null ? 'absent' : await hashFile(blob.path, [createHash('sha256'), stored], signal)}\n`,
    )
    if (blob !== null) sha1.set(fileId, stored.digest('hex'))
  }
  return { fingerprint: whole.digest('hex'), sha1 }
}

/** No phone has a database as large as this. */
const largestDatabaseBytes = 64 * 2 ** 30
/** Bytes behind the last page of a database: a few are left over from decryption. */
const mostLeftOver = 2 ** 20

/** Refuses a file that would take hours to read and holds nothing: a hole in it takes no room on the disk. */
async function refuseEndless(path: string): Promise<void> {
  const file = await readSqliteFile(path)
  const bytes = (await regularFile(path))?.size ?? 0
  const leftOver = file === null || file.neededBytes === null ? 0 : bytes - file.neededBytes
  if (bytes <= largestDatabaseBytes && leftOver <= mostLeftOver) return
  throw new HoldfastError('BACKUP_INVALID', 'A file of the backup is larger than any phone writes it', {
    hint: 'Nothing was changed; make the backup again, or use one from a place that you trust.',
    retryable: false,
    facts: { path, bytes },
  })
}

/** Feeds a file to all hashes; resolves with the digest of the first. */
async function hashFile(
  path: string,
  hashes: readonly [Hash, ...Hash[]],
  signal: AbortSignal,
): Promise<string> {
  await refuseEndless(path)
  for await (const chunk of readFileChunks(path, signal, true)) {
    for (const hash of hashes) hash.update(chunk)
  }
  return hashes[0].digest('hex')
}
