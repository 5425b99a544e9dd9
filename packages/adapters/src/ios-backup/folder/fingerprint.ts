import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { besides, contactDatabase, fileIdOf, messageDatabase, type PhonePath } from '../manifest/file-id.js'
import { manifestName, oldManifestName } from '../manifest/manifest.js'
import { folderAt, infoName, manifestPlistName, statusName } from './backup-layout.js'
import { Blobs, readFileChunks, regularFile } from './blobs.js'

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

/**
 * Fingerprint of a backup: SHA-256 over the contents of its property lists, its manifest, and its databases of messages and contacts.
 * Equal for an untouched copy, whatever its times; different once the phone or anybody else has changed one of these. It does not
 * read the attachments, but their names, sizes and times are in the manifest, so a backup that the phone went on with has another one.
 *
 * @throws HoldfastError `BACKUP_NOT_FOUND`, `BACKUP_UNREADABLE`, `BACKUP_UNSAFE`, or the signal's reason.
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
    whole.update(`${name} ${there ? await hashFile(path, [createHash('sha256')], signal) : 'absent'}\n`)
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

/** Feeds a file to all hashes; resolves with the digest of the first. */
async function hashFile(
  path: string,
  hashes: readonly [Hash, ...Hash[]],
  signal: AbortSignal,
): Promise<string> {
  for await (const chunk of readFileChunks(path, signal, true)) {
    for (const hash of hashes) hash.update(chunk)
  }
  return hashes[0].digest('hex')
}
