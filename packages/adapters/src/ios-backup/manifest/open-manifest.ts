import type { OpenSqlite } from '../../sqlite/driver.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { type Manifest, oldManifestName } from './manifest.js'
import { MbdbManifest } from './mbdb-manifest.js'
import { SqliteManifest } from './sqlite-manifest.js'

/**
 * Opens a manifest of either kind, by the name of its file. A Manifest.db is a plain one: in an encrypted backup, its decrypted copy.
 *
 * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, or the signal's reason.
 */
export function openManifest(
  path: string,
  options: {
    readonly openSqlite: OpenSqlite
    readonly scratch: ScratchFolder
    readonly signal: AbortSignal
    /** Whether it is a decrypted copy, in the scratch folder already. @default false */
    readonly isPrivate?: boolean
  },
): Promise<Manifest> {
  return path.endsWith(oldManifestName)
    ? MbdbManifest.open(path, options)
    : SqliteManifest.open(path, options)
}
