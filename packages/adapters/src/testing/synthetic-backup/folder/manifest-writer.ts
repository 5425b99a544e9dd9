import type { BackupFile } from '../well-known-files.js'
import type { ManifestFile } from './keyed-archive.js'

/** What an entry is on the phone. */
export type EntryKind = 'file' | 'directory' | 'symlink'

/** Writes the list of files of a backup, in either of its forms. */
export interface ManifestWriter {
  /** Where the blob of a file lies below the backup's folder. */
  blobName(fileId: string): string
  add(file: BackupFile, kind: EntryKind, details: ManifestFile): void
  /** Finishes the manifest: all entries are in it, and it is closed. */
  finish(): void
  /** Closes it as it is, after a failure. */
  abandon(): void
}
