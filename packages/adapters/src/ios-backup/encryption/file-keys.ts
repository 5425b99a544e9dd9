import type { ManifestFile } from '../manifest/manifest-file.js'
import type { ClassKeys } from './class-keys.js'

/** How the blob of a file is to be read: as it is, decrypted with a key, or not at all because its key cannot be had. */
export type FileKey = { readonly state: 'plain' | 'lost' } | { readonly state: 'key'; readonly key: Buffer }

const plain: FileKey = { state: 'plain' }
const lost: FileKey = { state: 'lost' }

/** What of the manifest is asked here. */
export interface ManifestDetails {
  detailsOf(fileId: string): ManifestFile | null
}

/** Finds the keys of an encrypted backup's files. */
export class FileKeys {
  readonly #manifest: ManifestDetails
  readonly #classKeys: ClassKeys

  constructor(manifest: ManifestDetails, classKeys: ClassKeys) {
    this.#manifest = manifest
    this.#classKeys = classKeys
  }

  /** How the blob of a file is read. A row that cannot be decoded may have had a key, so its blob is not believed to be plain. */
  of(fileId: string): FileKey {
    const details = this.#manifest.detailsOf(fileId)
    if (details === null) return lost
    if (details.encryptionKey === null) return plain
    const key = this.#classKeys.fileKey(details.encryptionKey, details.protectionClass)
    return key === null ? lost : { state: 'key', key }
  }
}
