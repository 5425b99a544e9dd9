import { hash } from 'node:crypto'
import { DecodeFailure } from '../../decoding/decoding.js'
import type { ManifestFile } from './manifest-file.js'

/** One record of Manifest.mbdb. Its strings are the bytes as they are there; null where the record has none. */
export interface MbdbRecord {
  readonly domain: Buffer
  readonly relativePath: Buffer
  readonly linkTarget: Buffer | null
  readonly digest: Buffer | null
  readonly encryptionKey: Buffer | null
  readonly mode: number
  /** Bytes of the file. */
  readonly size: number
  readonly protectionClass: number
}

/** A record, and where the next one begins. */
export interface ReadRecord {
  readonly record: MbdbRecord
  readonly end: number
}

/** Bytes that a record has at least: five strings that are not there, its numbers, and no properties. */
export const smallestRecord = 5 * 2 + 40

/** Bytes that a record has at most: five strings and 255 pairs of strings, each of 65,534 bytes. */
export const largestRecord = smallestRecord + (5 + 2 * 255) * (2 + 0xfffe)

/** A string that is not there. */
const noString = 0xffff

/**
 * Reads the record that begins at `at`; null when the bytes end before it does. Layout: five strings, each behind its length of two
 * bytes (domain, path, target of a link, digest, encryption key); mode; an inode number of eight bytes; user and group; three times;
 * size; protection class; then a count of pairs of strings. Numbers are big-endian.
 */
export function readMbdbRecord(bytes: Buffer, at: number): ReadRecord | null {
  let position = at
  const string = (): Buffer | null | undefined => {
    if (position + 2 > bytes.length) return undefined
    const length = bytes.readUInt16BE(position)
    position += 2
    if (length === noString) return null
    position += length
    return position > bytes.length ? undefined : bytes.subarray(position - length, position)
  }
  const [domain, path, linkTarget, digest, encryptionKey] = [string(), string(), string(), string(), string()]
  if (
    domain === undefined ||
    path === undefined ||
    linkTarget === undefined ||
    digest === undefined ||
    encryptionKey === undefined ||
    position + 40 > bytes.length
  ) {
    return null
  }
  const numbers = position
  position += 40
  const properties = bytes.readUInt8(numbers + 39)
  for (let count = properties * 2; count > 0; count--) if (string() === undefined) return null
  if (domain === null || domain.length === 0) throw new DecodeFailure('a record has no domain')
  return {
    end: position,
    record: {
      domain,
      relativePath: path ?? Buffer.alloc(0),
      linkTarget,
      digest,
      encryptionKey,
      mode: bytes.readUInt16BE(numbers),
      // A size beyond 2^53 is of no phone; it is then not exact, and nobody relies on it.
      size: Number(bytes.readBigUInt64BE(numbers + 30)),
      protectionClass: bytes.readUInt8(numbers + 38),
    },
  }
}

const hyphen = Buffer.from('-')

/** The name of a record's blob: {@link fileIdOf} of the bytes as the phone wrote them. */
export function fileIdOfRecord({ domain, relativePath }: MbdbRecord): string {
  return hash('sha1', Buffer.concat([domain, hyphen, relativePath]))
}

/** What a record says of its file, as a row of Manifest.db would. */
export function fileOfRecord(record: MbdbRecord): ManifestFile {
  const { digest, encryptionKey, linkTarget } = record
  return {
    mode: record.mode,
    size: Number.isSafeInteger(record.size) ? record.size : null,
    sha1: digest?.length === 20 ? digest.toString('hex') : null,
    encryptionKey:
      encryptionKey === null || encryptionKey.length === 0 ? null : Uint8Array.from(encryptionKey),
    protectionClass: record.protectionClass,
    target: linkTarget === null || linkTarget.length === 0 ? null : linkTarget.toString('utf8'),
  }
}
