import { type AskRequest, HoldfastError, type Json } from '../index.js'
import type { BackupReader, OpenBackup, OpenRequest } from './backup-reader.js'
import { chosenParts } from './import-policy.js'
import { withFollowing } from './read-ahead.js'
import type { AttachmentRecord } from './records.js'
import { type Remainder, type Shortage, shortageFor, withRoomNeeded } from './room-needed.js'
import type { ContentCopy, ContentFile, ImportRef, Storage } from './storage.js'

/** What reading a backup needs of a step's context. */
export interface Reading {
  readonly run: string
  /** What the run was started with. */
  readonly input: Json
  readonly signal: AbortSignal
  readonly ask: (request: AskRequest) => Promise<Json>
}

/** What storing and verifying need of a step's context. */
export interface Reporting extends Reading {
  readonly progress: (progress: {
    readonly done: number
    readonly total: number | null
    readonly unit: string
    readonly label?: string
  }) => void
}

/** What storing needs beyond that. */
export interface Storing extends Reporting {
  /** Told before the first batch whether there seems to be too little room; what it throws ends the store before anything is stored. */
  readonly onRoom: (shortage: Shortage | null) => Promise<void>
}

/** The ports and settings that storing needs. */
export interface StoreOptions {
  readonly reader: BackupReader
  readonly storage: Storage
  /** Whether the run will delete the backup. */
  readonly backup: 'goes' | 'stays'
  /** Most records of a batch. */
  readonly batchSize: number
  /** Whether a backup that a published import holds, unchanged since, is left at that instead of being read again. */
  readonly trustUnchanged: boolean
  /** As in `WriteOptions`. */
  readonly trustHeld: boolean
}

/** What storing came to. */
export type StoreOutput = {
  /** Items that are staged in all. */
  readonly items: number
  /** The published import that holds all of the backup already. Then nothing is staged. */
  readonly unchangedSince?: string
}

/**
 * Streams what is not yet staged of a backup into the storage, batch by batch, each atomic with its cursor: after a failure or a crash
 * it goes on behind the last durable batch.
 *
 * @throws HoldfastError `BACKUP_CHANGED` when the backup is no longer the one that the import began with, `DISK_FULL` with the room that
 *   the rest takes, and what the ports and `onRoom` throw.
 */
export async function storeRecords(
  ref: ImportRef,
  path: string,
  options: StoreOptions,
  context: Storing,
): Promise<StoreOutput> {
  const { reader, storage, backup: fate, batchSize, trustUnchanged, trustHeld } = options
  const { signal, progress, onRoom } = context
  // Before anything is read: what changes from here on gives another stamp the next time.
  const stamped = await stampedRef(ref, path, reader, context)
  const held = trustUnchanged ? await storage.findUnchanged?.(stamped, { signal }) : null
  if (held !== null && held !== undefined) {
    // An earlier attempt of this run may have staged some of it.
    await storage.discard(ref.id)
    return { items: 0, unchangedSince: held.import }
  }
  return withBackup(reader, path, context, async (backup) => {
    if (backup.source.fingerprint !== ref.fingerprint) throw backupChanged(path)
    const staging = await storage.begin(stamped)
    if (staging.receipt !== null) return { items: staging.items }
    const total = await totalOf(backup)
    let done = staging.items
    let after = staging.cursor
    const writing = {
      content: (record: AttachmentRecord, abort: AbortSignal) => backup.content(record, abort),
      ...contentFileOf(backup),
      ...contentCopyOf(backup),
      backup: fate,
      trustHeld,
      signal,
    }
    const remainder = (): Remainder => ({
      id: ref.id,
      backup,
      request: { backupPath: path, backup: fate },
      after,
      items: total - done,
      signal,
    })
    await onRoom(await shortageFor(remainder(), storage))
    progress({ done, total, unit: 'items' })
    const batches = withFollowing(backup.read({ after, batchSize, signal }))
    for await (const { item: batch, following } of batches) {
      try {
        await storage.write(ref.id, batch, { ...writing, following })
      } catch (thrown) {
        throw await withRoomNeeded(thrown, remainder(), storage)
      }
      done += batch.records.length
      after = batch.cursor
      progress({ done, total, unit: 'items', label: labelOf(batch.records.at(-1)?.type) })
    }
    return { items: done }
  })
}

/** Opens a backup for the time of `work`, with the parts that the run was started for. */
export async function withBackup<Result>(
  reader: BackupReader,
  path: string,
  { run, input, signal, ask }: Reading,
  work: (backup: OpenBackup) => Promise<Result>,
  asking: Pick<OpenRequest, 'fileStamp'> = {},
): Promise<Result> {
  const parts = chosenParts(input)
  const chosen = parts === null ? {} : { parts }
  const backup = await reader.open(path, { run, signal, ask, ...asking, ...chosen })
  try {
    return await work(backup)
  } finally {
    await backup.close()
  }
}

/**
 * An import with the stamp of its backup, where its reader gives one.
 *
 * @throws HoldfastError `BACKUP_CHANGED` when the backup is no longer the one that the import began with, and as `BackupReader.stamp`.
 */
export async function stampedRef(
  ref: ImportRef,
  path: string,
  reader: BackupReader,
  { input, signal }: Pick<Reading, 'input' | 'signal'>,
): Promise<ImportRef> {
  const parts = chosenParts(input)
  const found = await reader.stamp?.(path, { signal, ...(parts === null ? {} : { parts }) })
  if (found === undefined) return ref
  if (found.fingerprint !== ref.fingerprint) throw backupChanged(path)
  return { ...ref, stamp: found.stamp }
}

/** The files in which a backup has its contents, for a storage; nothing where its reader does not tell. */
export function contentFileOf(backup: OpenBackup): { readonly contentFile?: ContentFile } {
  if (backup.contentFile === undefined) return {}
  return { contentFile: async (record, signal) => (await backup.contentFile?.(record, signal)) ?? null }
}

/** How a backup writes its contents into files, for a storage; nothing where its reader has no way of its own. */
function contentCopyOf(backup: OpenBackup): { readonly copyContent?: ContentCopy } {
  const { copyContent } = backup
  return copyContent === undefined ? {} : { copyContent: copyContent.bind(backup) }
}

/** Items of all kinds. */
export async function totalOf(backup: OpenBackup): Promise<number> {
  return Object.values(await backup.totals()).reduce((sum, each) => sum + each, 0)
}

/** What is being worked on, for people. */
export function labelOf(type: string | undefined): string {
  return type === undefined || type === 'unreadable' ? 'items' : `${type}s`
}

/** The error for a backup that is not the one that the run began with. */
export function backupChanged(path: string): HoldfastError {
  return new HoldfastError('BACKUP_CHANGED', 'The backup changed while it was being imported', {
    hint: 'It is kept as it is. Discard this run and import the backup again.',
    retryable: false,
    facts: { path },
  })
}
