import type { Wholeness } from '@holdfast/core/import'
import type { FoundBackup } from '../folder/backup-layout.js'
import type { SourceIdentity } from '../folder/source-identity.js'
import type { DigestCheck } from './digest-check.js'
import type { ListedContents } from './listed-contents.js'

/** What a backup is, how whole it is, and what it holds; plain JSON. */
export type BackupInspection = SourceIdentity & {
  /** Real, absolute path of the backup's own folder. */
  readonly path: string
  readonly wholeness: Wholeness
  /** Why it is not complete, a sentence each, for people; empty when it is. */
  readonly reasons: readonly string[]
  /** What else is odd, a sentence each. */
  readonly remarks: readonly string[]
  /** Whether a password is needed to read it. */
  readonly encrypted: boolean
  /** `Manifest.mbdb` up to iOS 9; null when there is none. */
  readonly manifest: FoundBackup['manifest'] | null
  /** Files of the phone that are on disk. */
  readonly blobs: number
  /** What the manifest lists; null when it is missing, damaged, or encrypted: then missing blobs are not known either. */
  readonly listed: ListedContents | null
  /** Null when it was not asked for, or the manifest cannot be read. */
  readonly digests: DigestCheck | null
}
