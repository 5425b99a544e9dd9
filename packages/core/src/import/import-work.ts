import type { BackupReader, PartState, SourceDescription, SourceTotals } from './backup-reader.js'
import type { Receipt } from './receipt.js'
import type { SkipReason } from './records.js'
import type { ImportRef, PublishedImport, PublishOptions, Storage } from './storage.js'
import {
  type Reading,
  type Reporting,
  type StoreOutput,
  type Storing,
  storeRecords,
  withBackup,
} from './store-records.js'
import { confirmUnchanged } from './unchanged-source.js'
import { verifyImport } from './verify-import.js'
import { verifyPublished } from './verify-library.js'

/** What a backup is and holds, before anything of it is stored; plain JSON. */
export type DescribedBackup = {
  readonly source: SourceDescription
  readonly totals: SourceTotals
}

/** How a backup is stored; plain JSON. */
export type StoreSettings = {
  /** Whether the run will delete the backup. */
  readonly backup: 'goes' | 'stays'
  /** Most records of a batch. */
  readonly batchSize: number
  /** Whether a backup that a published import holds, unchanged since, is left at that instead of being read again. */
  readonly trustUnchanged: boolean
  /** As in `WriteOptions`. */
  readonly trustHeld: boolean
}

/** How an import is proved; plain JSON. */
export type ProofSettings = {
  /** Most records that are read at once. */
  readonly batchSize: number
  /** Skip reasons that may stand. */
  readonly allowed: readonly SkipReason[]
  /** The published import that holds all of the backup already, as `store` said; null when it stored. */
  readonly unchangedSince: string | null
  /** Parts of the backup as `describe` told them. */
  readonly parts: readonly PartState[]
  /** What the run asks for when it is published. @default what the storage does by itself */
  readonly publishing?: PublishOptions
}

/** What proving needs of a step's context, and the time. */
export interface Proving extends Reporting {
  /** Unix milliseconds UTC. */
  readonly now: () => number | Promise<number>
}

/**
 * Port: the work of an import on backup and library, in the pieces in which the saga asks for it. {@link importWork} does it where the
 * runner is, with a reader and a storage; an adapter may do it elsewhere, such as in a worker thread. All that goes in and comes out is
 * plain JSON but for the functions and the signal of a context, so that nothing of what is imported has to cross from thread to thread.
 */
export interface ImportWork {
  /** Names of what a run must have for itself; those of the `Storage`. */
  readonly resources: readonly string[]

  /** Checks that an import from `backupPath` could be stored; changes nothing. Throws as `Storage.check`. */
  check(request: { readonly backupPath: string | null }): Promise<void>

  /** Opens a backup, says what it is, and closes it. Throws as `BackupReader.open`. */
  describe(path: string, context: Reading): Promise<DescribedBackup>

  /**
   * Stages what is not yet staged of a backup; durable when it resolves.
   *
   * @throws HoldfastError `BACKUP_CHANGED` when the backup is no longer the one that the import began with, `DISK_FULL` with the room that the
   *   rest takes, and what reader, storage and `onRoom` throw.
   */
  store(ref: ImportRef, path: string, settings: StoreSettings, context: Storing): Promise<StoreOutput>

  /**
   * Holds the staged import against the backup, byte for byte, and publishes it with its receipt, which is durable when it resolves.
   * An import that is published already answers with the receipt that it has.
   *
   * @throws HoldfastError `VERIFY_FAILED`, `SKIP_NOT_ALLOWED`, `BACKUP_CHANGED`, `LIBRARY_CHANGED`, and what reader and storage throw.
   */
  prove(ref: ImportRef, path: string, settings: ProofSettings, context: Proving): Promise<Receipt>

  /** As `StorageLinks.check`; nothing where the storage has none. */
  checkLinks(id: string, options: { readonly signal: AbortSignal }): Promise<void>

  /** As `StorageLinks.end`; nothing where the storage has none. */
  endLinks(id: string, options: { readonly signal: AbortSignal }): Promise<void>

  /**
   * Whether the library still holds a published import as its receipt says: every row and every file is read again. Asked just before
   * a backup is deleted.
   */
  isIntact(id: string, options: { readonly signal: AbortSignal }): Promise<boolean>

  /** Takes an import back; as `Storage.discard`. */
  discard(id: string): Promise<void>

  /** Published imports, oldest first. */
  imports(): Promise<readonly PublishedImport[]>
}

/** Does the work of an import where it is called, with these ports. The event loop has a turn between batches, and within large ones. */
export function importWork(reader: BackupReader, storage: Storage): ImportWork {
  /** When `work` fails, what the reader keeps for the run is forgotten: the run may be parked for days, and a secret must not lie in memory all the while. */
  async function forgetting<Result>(run: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (thrown) {
      reader.forget?.(run)
      throw thrown
    }
  }

  async function prove(
    ref: ImportRef,
    path: string,
    { batchSize, allowed, unchangedSince, parts, publishing }: ProofSettings,
    context: Proving,
  ): Promise<Receipt> {
    if (unchangedSince !== null) {
      const confirming = { reader, storage, allowed, parts }
      const receipt = await confirmUnchanged(ref, path, unchangedSince, confirming, context)
      reader.forget?.(context.run)
      return receipt
    }
    const staging = await storage.begin(ref)
    if (staging.receipt !== null) return staging.receipt
    const verifying = { reader, storage, batchSize, allowed, now: () => context.now() }
    const receipt = await verifyImport(ref, path, verifying, context)
    // Nothing of this run reads the backup any more.
    reader.forget?.(context.run)
    context.signal.throwIfAborted()
    await storage.publish(ref.id, receipt, publishing)
    return receipt
  }

  return {
    resources: storage.resources,
    check: (request) => storage.check(request),
    describe: (path, context) =>
      forgetting(context.run, () =>
        withBackup(reader, path, context, async (open) => ({
          source: open.source,
          totals: await open.totals(),
        })),
      ),
    store: (ref, path, settings, context) =>
      forgetting(context.run, () => storeRecords(ref, path, { reader, storage, ...settings }, context)),
    prove: (ref, path, settings, context) =>
      forgetting(context.run, () => prove(ref, path, settings, context)),
    checkLinks: async (id, options) => storage.links?.check(id, options),
    endLinks: async (id, options) => storage.links?.end(id, options),
    async isIntact(id, { signal }) {
      const published = (await storage.imports()).find((each) => each.id === id)
      return published !== undefined && (await verifyPublished(storage, published, { signal })).valid
    },
    discard: (id) => storage.discard(id),
    imports: () => storage.imports(),
  }
}
