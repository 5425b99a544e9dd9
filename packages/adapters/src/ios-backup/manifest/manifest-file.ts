import { type Decoded, DecodeFailure, decoded } from '../../decoding/decoding.js'
import { isDict, type PlistValue } from '../../plist/plist-value.js'
import { BinaryPlist, type ObjectRef } from '../../plist/read-binary.js'

/** What the manifest says about one file beyond its name. */
export interface ManifestFile {
  /** `st_mode` of the file on the phone; null when it is not said. */
  readonly mode: number | null
  /** Size on the phone when the row was written: advisory, and known to be wrong for databases in use. Null when it is not said. */
  readonly size: number | null
  /** SHA-1 of the blob as stored, lower-case hex; null for the domains that carry none (apps, camera roll, media). */
  readonly sha1: string | null
  /** Protection class of the file on the phone, whether or not the backup is encrypted; null when it is not said. */
  readonly protectionClass: number | null
  /**
   * The wrapped key with which the phone encrypted the blob, as the manifest has it: 44 bytes, of which the first four are the class
   * whose key wraps it (little-endian) and the rest is the key after RFC 3394. Null when there is none; of another length when it is
   * damaged. A backup that was decrypted since still has it.
   */
  readonly encryptionKey: Uint8Array | null
  /** Where a symbolic link leads on the phone; null for anything else. Not to be followed. */
  readonly target: string | null
}

const fileType = 0o170000

/** What kind of thing an `st_mode` is. */
export function kindOfMode(mode: number): 'file' | 'directory' | 'symlink' | 'other' {
  switch (mode & fileType) {
    case 0o100000:
      return 'file'
    case 0o040000:
      return 'directory'
    case 0o120000:
      return 'symlink'
    default:
      return 'other'
  }
}

/**
 * Reads the `file` column of the manifest: an NSKeyedArchiver archive (a binary property list) of one MBFile. Only what is asked for
 * is parsed, because a manifest has up to a million of them: the rest, most of it extended attributes, takes three times as long.
 */
export function parseManifestFile(bytes: Uint8Array): Decoded<ManifestFile> {
  return decoded(() => {
    const plist = new BinaryPlist(bytes)
    const archive = plist.entries(plist.top)
    const objects = plist.items(needed(archive?.get('$objects')))
    const resolve = (ref: ObjectRef | undefined): ObjectRef | undefined => {
      const value = ref === undefined ? undefined : plist.uid(ref)
      return value === undefined || value === null ? ref : objects?.[value]
    }
    const file = plist.entries(needed(resolve(plist.entries(needed(archive?.get('$top')))?.get('root'))))
    if (file === null) throw new DecodeFailure('The archive lacks a dictionary where one should be.')
    const value = (key: string): PlistValue | undefined => {
      const ref = resolve(file.get(key))
      return ref === undefined ? undefined : plist.value(ref)
    }
    return {
      mode: numberOf(value('Mode')),
      size: numberOf(value('Size')),
      sha1: digestOf(value('Digest')),
      protectionClass: numberOf(value('ProtectionClass')),
      encryptionKey: file.has('EncryptionKey') ? (bytesOf(value('EncryptionKey')) ?? new Uint8Array()) : null,
      target: textOf(value('Target')),
    }
  })
}

function needed(ref: ObjectRef | undefined): ObjectRef {
  if (ref === undefined) throw new DecodeFailure('The archive lacks an object that it should have.')
  return ref
}

function numberOf(value: PlistValue | undefined): number | null {
  return typeof value === 'number' ? value : null
}

function textOf(value: PlistValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function digestOf(value: PlistValue | undefined): string | null {
  const bytes = bytesOf(value)
  return bytes?.length === 20 ? Buffer.from(bytes).toString('hex') : null
}

/** Bare data, or an NSData object, which wraps its bytes. Real manifests have both, by field. */
function bytesOf(value: PlistValue | undefined): Uint8Array | null {
  const bytes = isDict(value) ? value.get('NS.data') : value
  return bytes instanceof Uint8Array ? bytes : null
}
