import { join } from 'node:path'
import type { OpenSqlite } from '../../../sqlite/driver.js'
import type { Encrypted } from '../../synthetic-backup/folder/encryption.js'
import { modes } from '../../synthetic-backup/folder/manifest-writer.js'
import {
  type ManifestRow,
  SqliteManifestWriter,
} from '../../synthetic-backup/folder/sqlite-manifest-writer.js'
import type { PhoneEntry } from '../phone-tree/phone-tree.js'

/** How a file was sent. */
export interface SentFile {
  /** SHA-1 of what was sent; null where the manifest has none. */
  readonly digest: Uint8Array | null
  /** How it was encrypted; null when it was not. */
  readonly key: Omit<Encrypted, 'stored'> | null
}

/** The list of files of the backup that is being made, in a folder of the phone's own. */
export class NewManifest {
  /** Where it is; whole when {@link finish} was called. */
  readonly path: string
  readonly #writer: SqliteManifestWriter

  constructor(folder: string, openSqlite: OpenSqlite) {
    this.path = join(folder, 'Manifest.db')
    this.#writer = new SqliteManifestWriter(folder, openSqlite)
  }

  /** Adds an entry; `sent` where it is a file. */
  add(entry: PhoneEntry, sent: SentFile | null): void {
    const { domain, relativePath, kind, content, target, modified, inode, details } = entry
    const key = sent?.key ?? null
    const digest = sent?.digest ?? null
    const user = kind === 'symlink' ? 0 : 501
    this.#writer.add({ domain, relativePath }, kind, {
      relativePath,
      size: details.claimedSize ?? content.size,
      mode: modes[kind],
      modified,
      changed: modified,
      born: modified,
      inode,
      userId: user,
      groupId: user,
      protectionClass: key?.protectionClass ?? (kind === 'file' ? 3 : 0),
      ...(key === null ? {} : { encryptionKey: key.encryptionKey }),
      ...(digest === null ? {} : { digest }),
      ...(target === null ? {} : { target }),
      ...(details.extendedAttributes === undefined ? {} : { extendedAttributes: details.extendedAttributes }),
    })
  }

  /** Takes a row of the backup before. */
  keep(row: ManifestRow): void {
    this.#writer.addRow(row)
  }

  finish(): void {
    this.#writer.finish()
  }

  /** Closes it as it is, after a failure. */
  abandon(): void {
    this.#writer.abandon()
  }
}
