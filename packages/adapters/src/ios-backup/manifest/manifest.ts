import type { PhonePath } from './file-id.js'
import type { ManifestFile } from './manifest-file.js'

/** Names of a manifest in the backup's folder: of iOS 10 and newer, and of iOS 9 and older. */
export const manifestName = 'Manifest.db'
export const oldManifestName = 'Manifest.mbdb'

/** What an entry of the manifest is on the phone. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'other'

/** What the manifest lists under a path. */
export interface ManifestEntry {
  readonly fileId: string
  readonly kind: EntryKind
  /** Decodes the details of the file; null when the manifest has none that can be decoded. */
  readonly details: () => ManifestFile | null
}

/** An entry that was come across, not asked for. */
export interface ListedEntry extends ManifestEntry, PhonePath {}

/** The list of all files of a backup, open for reading. What it says was checked for paths that lead out of the backup. */
export interface Manifest {
  /**
   * What is listed under a path of the phone; null when nothing is.
   *
   * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNREADABLE`.
   */
  find(path: PhonePath): ManifestEntry | null

  /**
   * Whether paths of the phone are listed as directories, one answer for each; for some hundred paths of which few are, in less time
   * than {@link find} takes for each. Throws as {@link find}.
   */
  areDirectories(paths: readonly PhonePath[]): readonly boolean[]

  /**
   * The details of the file with this id; null when there is no such entry, or it has none that can be decoded. Throws as
   * {@link find}.
   */
  detailsOf(fileId: string): ManifestFile | null

  /**
   * All entries in the order of the manifest, a page at a time: memory stays bounded at any size, and the event loop has a turn
   * between pages. Throws as {@link find}, or the signal's reason.
   */
  entries(signal: AbortSignal): AsyncGenerator<readonly ListedEntry[], void, undefined>

  /**
   * What is listed below a folder under paths that are wanted: a page at a time and in no order, an entry perhaps twice. One look at
   * the paths alone, whatever is wanted. Throws as {@link entries}.
   */
  below(
    folder: PhonePath,
    isWanted: (relativePath: string) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ListedEntry[], void, undefined>

  /** Closes what is open; repeat calls are safe. */
  close(): void
}
