import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { KeyedArchive } from '../../../plist/keyed-archive.js'
import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../../sqlite/driver.js'
import { openTestSqlite } from '../../open-sqlite.js'
import { blobName } from '../../synthetic-backup/well-known-files.js'
import { fileContent } from './phone-content.js'
import { PhoneTree } from './phone-tree.js'

/**
 * The tree of a phone of which a backup was made: of a plain one with Manifest.db, such as `makeSyntheticBackup` makes it, so that a
 * demo can begin at the cable and end with real messages. The blobs are read when a backup of the phone wants them, so the folder
 * must stay as it is. What the manifest lists and the folder lacks is not on the phone.
 *
 * @throws RangeError when the backup is encrypted or has no Manifest.db.
 */
export function treeFromBackup(folder: string, openSqlite: OpenSqlite = openTestSqlite): PhoneTree {
  const path = join(folder, 'Manifest.db')
  if (!existsSync(path)) throw new RangeError('The backup has no Manifest.db')
  const db = openSqlite(path, { readonly: true })
  const tree = new PhoneTree()
  try {
    const rows = readRows(db)
    for (const row of rows.iterate()) addRow(tree, folder, new Row(row))
  } finally {
    db.close()
  }
  return tree
}

function readRows(db: SqliteDatabase): SqliteStatement {
  try {
    return db.prepare('SELECT fileID, domain, relativePath, flags, file FROM Files ORDER BY rowid')
  } catch (cause) {
    throw new RangeError('The backup is encrypted, or its Manifest.db is damaged', { cause })
  }
}

function addRow(tree: PhoneTree, folder: string, row: Row): void {
  const [domain, path] = [row.text('domain'), row.text('relativePath')]
  const file = row.file()
  switch (row.at('flags')) {
    case 2:
      tree.folder(domain, path)
      return
    case 4:
      tree.link(domain, path, textOf(file.at('Target')))
      return
    default: {
      if (file.at('EncryptionKey') !== null) throw new RangeError('The backup is encrypted')
      const blob = join(folder, blobName(row.text('fileID')))
      if (!existsSync(blob)) return
      const { size } = statSync(blob)
      const [claimedSize, attributes] = [file.at('Size'), file.at('ExtendedAttributes')]
      tree.put(domain, path, fileContent(blob, size), {
        ...(typeof claimedSize === 'number' ? { claimedSize } : {}),
        ...(attributes instanceof Uint8Array ? { extendedAttributes: attributes } : {}),
      })
    }
  }
}

/** A row of the manifest. */
class Row {
  readonly #row: object

  constructor(row: unknown) {
    if (typeof row !== 'object' || row === null) throw new RangeError('The manifest has no rows')
    this.#row = row
  }

  at(name: string): unknown {
    return Reflect.get(this.#row, name)
  }

  text(name: string): string {
    return textOf(this.at(name))
  }

  /** What the row says of the file. */
  file(): { at(key: string): ReturnType<KeyedArchive['at']> } {
    const bytes = this.at('file')
    const archive = bytes instanceof Uint8Array ? KeyedArchive.open(bytes) : null
    if (archive === null || !archive.ok) throw new RangeError('A row of the manifest cannot be decoded')
    const { value } = archive
    return { at: (key) => value.at(value.root, key) }
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new RangeError('A row of the manifest lacks a text')
  return value
}
