import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { BackupFile } from '../well-known-files.js'
import type { ManifestFile } from './keyed-archive.js'
import type { EntryKind, ManifestWriter } from './manifest-writer.js'

const header = Buffer.from('mbdb\u0005\0', 'latin1')
const bufferedBytes = 1 << 20

/** Writes Manifest.mbdb, as iOS 9 and older do; blobs lie in the backup's folder itself. */
export class MbdbManifestWriter implements ManifestWriter {
  readonly #file: number
  #pending: Buffer[] = [header]
  #pendingBytes = header.length

  constructor(root: string) {
    this.#file = openSync(join(root, 'Manifest.mbdb'), 'wx')
  }

  blobName(id: string): string {
    return id
  }

  add(file: BackupFile, _kind: EntryKind, details: ManifestFile): void {
    const record = mbdbRecord(file, details)
    this.#pending.push(record)
    this.#pendingBytes += record.length
    if (this.#pendingBytes >= bufferedBytes) this.#flush()
  }

  finish(): void {
    this.#flush()
    closeSync(this.#file)
  }

  abandon(): void {
    closeSync(this.#file)
  }

  #flush(): void {
    writeSync(this.#file, Buffer.concat(this.#pending))
    this.#pending = []
    this.#pendingBytes = 0
  }
}

/** A record: five strings, 40 bytes of numbers, and as many pairs of strings as the last of these bytes says. */
function mbdbRecord(file: BackupFile, details: ManifestFile): Buffer {
  const properties = details.extendedAttributes === undefined ? [] : [details.extendedAttributes]
  const numbers = Buffer.alloc(40)
  numbers.writeUInt16BE(details.mode, 0)
  numbers.writeUInt32BE(details.inode, 6)
  numbers.writeUInt32BE(details.userId, 10)
  numbers.writeUInt32BE(details.groupId, 14)
  numbers.writeUInt32BE(details.modified, 18)
  numbers.writeUInt32BE(details.changed, 22)
  numbers.writeUInt32BE(details.born, 26)
  numbers.writeBigUInt64BE(BigInt(details.size), 30)
  numbers.writeUInt8(details.protectionClass, 38)
  numbers.writeUInt8(properties.length, 39)
  return Buffer.concat([
    string(file.domain),
    string(file.relativePath),
    string(details.target),
    string(details.digest),
    string(details.encryptionKey),
    numbers,
    ...properties.flatMap((value) => [string('com.apple.backup.attributes'), string(value)]),
  ])
}

/** A string behind its length; 0xffff in the place of the length says that there is none. */
function string(value: string | Uint8Array | undefined): Buffer {
  if (value === undefined) return Buffer.from([0xff, 0xff])
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}
