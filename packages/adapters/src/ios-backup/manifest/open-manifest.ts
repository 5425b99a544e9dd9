import { type Manifest, oldManifestName } from './manifest.js'
import { MbdbManifest } from './mbdb-manifest.js'
import { SqliteManifest, type SqliteManifestOptions } from './sqlite-manifest.js'

/**
 * Opens a manifest of either kind, by the name of its file. A Manifest.db is a plain one: in an encrypted backup, its decrypted copy.
 *
 * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, or the signal's reason.
 */
export function openManifest(path: string, options: SqliteManifestOptions): Promise<Manifest> {
  return path.endsWith(oldManifestName)
    ? MbdbManifest.open(path, options)
    : SqliteManifest.open(path, options)
}
