import type { SkipReason } from '@holdfast/core/import'
import type { Blobs, ReadableBlob } from '../folder/blobs.js'
import type { PhonePath } from '../manifest/file-id.js'
import type { Manifest } from '../manifest/manifest.js'

/** Where the content of an attachment is: its blob, or the bytes that a database holds; or why there is none. */
export type ContentPlace =
  | { readonly blob: ReadableBlob; readonly unavailable: null }
  | { readonly bytes: Uint8Array; readonly unavailable: null }
  | { readonly unavailable: SkipReason }

/**
 * Where the content of a file of the phone is. Anything else than a file, such as a folder, is `invalid-path`.
 *
 * @throws HoldfastError `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, `MANIFEST_DAMAGED`.
 */
export async function placeOf(path: PhonePath, manifest: Manifest, blobs: Blobs): Promise<ContentPlace> {
  const entry = manifest.find(path)
  if (entry === null) return { unavailable: 'not-in-backup' }
  if (entry.kind !== 'file') return { unavailable: 'invalid-path' }
  const found = await blobs.locate(entry.fileId)
  return found.state === 'present' ? { blob: found.blob, unavailable: null } : { unavailable: found.state }
}
