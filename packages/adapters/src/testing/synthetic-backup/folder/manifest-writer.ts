import type { BackupFile } from '../well-known-files.js'
import type { ManifestFile } from './keyed-archive.js'

/** What an entry is on the phone. */
export type EntryKind = 'file' | 'directory' | 'symlink'

/** Kind and permissions, as `st_mode` has them: regular file 0644, directory 0755, symlink 0755. */
export const modes: Readonly<Record<EntryKind, number>> = {
  file: 0o100644,
  directory: 0o040755,
  symlink: 0o120755,
}

/** Whether the phone notes a digest for files of this domain: not for apps, the camera roll and other media. */
export function hasDigests(domain: string): boolean {
  return !/^(AppDomain|CameraRollDomain|MediaDomain|TonesDomain)/.test(domain)
}

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
