import type { Json } from '../index.js'
import type { BackupRef } from './backup-reader.js'
import type { Receipt } from './receipt.js'

/**
 * What becomes of the backup after a verified import. `delete`: it is removed, which needs ownership `made` or `handed-over`.
 * `scratch`: only decrypted copies go; the backup stays as the base of the next incremental one. `keep`: nothing goes.
 */
export type CleanupPolicy = 'delete' | 'scratch' | 'keep'

/** How a Device tells a run what it does while it makes a backup. */
export interface AcquireContext {
  /** Id of the run. */
  readonly run: string
  /** What the run fills, as `Storage.resources` names it: told to those who find the backup in use. */
  readonly into: readonly string[]
  readonly signal: AbortSignal
  /** What the run was started with. */
  readonly input: Json
  /** What `onBackup` told in an earlier attempt; null at the first. */
  readonly previous: BackupRef | null
  /** Tells where the backup is or will be, as soon as that is known. Durable when it resolves: call it before writing there. */
  readonly onBackup: (backup: BackupRef) => Promise<void>
  /** `total` is null while it is unknown. */
  readonly progress: (progress: {
    readonly done: number
    readonly total: number | null
    readonly unit: string
    readonly label?: string
  }) => void
  /** Sign of life without progress. */
  readonly activity: () => void
  /**
   * Asks a human; resolves with the answer. `elsewhere` resolves when the question was answered on the phone itself: then it is shown no
   * more, and this is the answer.
   */
  readonly ask: (request: {
    readonly kind: string
    readonly message: string
    readonly secret?: boolean
    readonly elsewhere?: Promise<Json>
  }) => Promise<Json>
}

/** Port: where backups come from and who lets them go. */
export interface Device {
  /** Resources that `acquire` needs to be there, such as `device`; losing one fails the extract step only. */
  readonly needs: readonly string[]

  /**
   * Longest time in milliseconds without progress or activity while a backup is got, asking a human excluded; then the run parks with
   * `STEP_STALLED`. A phone may be busy for a quarter of an hour and only show signs of life. The finished backup is looked at within
   * the same limit, so leave a few minutes. @default none
   */
  readonly stall?: number

  /** Names of what a run with this input must have for itself, such as `device:<udid>` or `backup:<path>`. */
  resources(input: Json): readonly string[]

  /** The backup's place where it is known beforehand (an adopted folder), null otherwise; for checks before the work begins. */
  expectedPath(input: Json): string | null

  /**
   * Gets a backup: makes one, goes on with one, or adopts one. Resolves when it is durable on disk.
   *
   * @throws HoldfastError with a code of the adapter; `BACKUP_NOT_FOUND` when there is nothing to adopt.
   */
  acquire(context: AcquireContext): Promise<BackupRef>

  /**
   * Lets a verified backup go, as the policy says. The receipt is checked again; before anything is deleted the backup is checked
   * too, and one that changed since it was verified is not touched.
   * Deleting renames it aside in its own folder, then removes it without following links; safe to repeat after a crash.
   * One that another run needs stays. The receipt may be that of an earlier run, where the library held all of the backup already: what
   * keeps the backup for a run is told by `run`. Resolves with whether the backup is gone.
   *
   * @throws HoldfastError `RECEIPT_INVALID`, `BACKUP_HELD`, `BACKUP_CHANGED`, `RELEASE_REFUSED`, `RELEASE_FAILED`.
   */
  release(
    backup: BackupRef,
    receipt: Receipt,
    options: {
      readonly policy: CleanupPolicy
      readonly signal: AbortSignal
      /** Id of the run. */
      readonly run: string
      /** As in {@link AcquireContext}. */
      readonly into: readonly string[]
    },
  ): Promise<{ readonly deleted: boolean }>

  /**
   * Undoes `acquire` for a discarded run: deletes a backup of ownership `made` when `delete` is true, and no other.
   * Safe to repeat.
   */
  discard(
    backup: BackupRef,
    options: {
      readonly delete: boolean
      readonly signal: AbortSignal
      /** Id of the run. */
      readonly run: string
    },
  ): Promise<void>
}
