import { HoldfastError, holdfastVersion, sameJson } from '../index.js'
import type { BackupReader, OpenBackup } from './backup-reader.js'
import { ContentDigester } from './content-digest.js'
import { digestLine, receiptVersion } from './digest-line.js'
import { ImportTally } from './import-counts.js'
import { checkSkips } from './import-policy.js'
import { expectedOutcomes } from './item-outcome.js'
import { libraryProblems } from './library-problems.js'
import { readAhead } from './read-ahead.js'
import { type Receipt, sealReceipt } from './receipt.js'
import type { ImportRecord, SkipReason } from './records.js'
import type { ImportRef, Storage, StoredItem } from './storage.js'
import {
  backupChanged,
  contentFileOf,
  labelOf,
  type Reporting,
  totalOf,
  withBackup,
} from './store-records.js'

/** What verifying needs beside its ports. */
export interface VerifyOptions {
  readonly reader: BackupReader
  readonly storage: Storage
  readonly batchSize: number
  /** Skip reasons that may stand. */
  readonly allowed: readonly SkipReason[]
  /** Unix milliseconds UTC. */
  readonly now: () => number | Promise<number>
}

/**
 * Proves that everything of a backup is stored: reads the source again and the library again, side by side, every item and every
 * byte of content, and what is there beside the items. Believes nothing that `store` reported. Resolves with the receipt; nothing is published yet.
 *
 * @throws HoldfastError `VERIFY_FAILED` with the first difference, `SKIP_NOT_ALLOWED`, `BACKUP_CHANGED`, and what the ports throw.
 */
export async function verifyImport(
  ref: ImportRef,
  path: string,
  options: VerifyOptions,
  context: Reporting,
): Promise<Receipt> {
  const { signal, progress } = context
  const { reader, storage, batchSize, allowed, now } = options
  const prove = async (backup: OpenBackup): Promise<Receipt> => {
    if (backup.source.fingerprint !== ref.fingerprint) throw backupChanged(path)
    const total = await totalOf(backup)
    const digester = new ContentDigester()
    const tally = new ImportTally()
    const reading = { signal, ...contentFileOf(backup) }
    const stored = storage.readBack(ref.id, reading)[Symbol.asyncIterator]()
    let done = 0
    try {
      for await (const batch of readAhead(backup.read({ after: null, batchSize, signal }))) {
        const pairs: Pair[] = []
        let lines = ''
        for (const record of batch.records) {
          const next = await stored.next()
          if (next.done === true) throw differs(record, 'it is missing in the library')
          compare(record, next.value)
          pairs.push({ record, item: next.value })
          lines += digestLine(next.value)
          tally.addItem(next.value)
          done += 1
        }
        await digester.add(lines)
        await compareContents(pairs, backup, signal)
        progress({ done, total, unit: 'items', label: labelOf(batch.records.at(-1)?.type) })
      }
      const extra = await stored.next()
      if (extra.done !== true) throw differs(extra.value, 'the source has no such item')
    } finally {
      await stored.return?.()
    }
    for await (const { problem, type, key } of storage.audit({ import: ref.id, signal })) {
      throw differs({ type, key }, `the library holds ${libraryProblems[problem].says}`)
    }
    const { counts } = tally
    checkSkips(counts, backup.source.parts, allowed)
    return sealReceipt({
      version: receiptVersion,
      import: ref.id,
      owner: ref.owner,
      source: { fingerprint: ref.fingerprint, udid: ref.udid, ...fileStampOf(backup) },
      counts,
      digest: await digester.digest(),
      verifiedAt: await now(),
      versions: { holdfast: holdfastVersion, library: storage.format },
    })
  }
  return withBackup(reader, path, context, prove, { fileStamp: true })
}

/** What the files of the backup were when it was opened; nothing where its reader cannot tell. */
function fileStampOf({ fileStamp = null }: OpenBackup): { readonly fileStamp?: string } {
  return fileStamp === null ? {} : { fileStamp }
}

/** An item of the source, and what the library has for it. */
interface Pair {
  readonly record: ImportRecord
  readonly item: StoredItem
}

function compare(record: ImportRecord, item: StoredItem): void {
  if (item.type !== record.type || item.key !== record.key)
    throw differs(record, 'it is missing in the library')
  if (item.difference !== null) throw differs(record, `the library reports ${item.difference}`)
  if (!sameJson(item.record, record)) throw differs(record, 'its row differs from the source')
  const { outcomes, reason } = expectedOutcomes(record)
  if (!outcomes.includes(item.outcome) || item.reason !== reason) {
    throw differs(record, `it is ${[item.outcome, item.reason].filter((word) => word !== null).join(', ')}`)
  }
  if (record.type === 'attachment' && record.unavailable === null && item.content === null)
    throw differs(record, 'its file is missing')
}

/** How many contents are hashed at a time: a reader may have a thread for each processor. */
const contentsAtOnce = 8

/** Reads the contents of the source once more, several at a time, and holds the library's against them. */
async function compareContents(
  pairs: readonly Pair[],
  backup: OpenBackup,
  signal: AbortSignal,
): Promise<void> {
  // A file that is the backup's own was hashed a moment ago, as the library's.
  const waiting = pairs.filter(({ item }) => item.content !== null && item.isFileOfBackup !== true).values()
  const failures: unknown[] = []
  const work = async (): Promise<void> => {
    for (const { record, item } of waiting) {
      if (record.type !== 'attachment' || record.unavailable !== null) continue
      try {
        const source = await backup.digest(record, signal)
        if (item.content?.sha256 !== source.sha256 || item.content.bytes !== source.bytes)
          throw differs(record, 'its file differs from the source')
      } catch (thrown) {
        failures.push(thrown)
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: contentsAtOnce }, work))
  if (failures.length > 0) throw failures[0]
}

function differs(item: { readonly type: string; readonly key: string }, how: string): HoldfastError {
  return new HoldfastError(
    'VERIFY_FAILED',
    `${item.type} '${item.key}' was not stored as it is in the backup: ${how}`,
    {
      hint: 'The backup is kept. Retry: what was staged is stored again.',
      facts: { type: item.type, key: item.key },
    },
  )
}
