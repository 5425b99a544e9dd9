import type { AttachmentFiles } from '@holdfast/adapters/attachment-files'
import type {
  ImportRecord,
  ItemOutcome,
  ReadBackOptions,
  SkipReason,
  StoredItem,
} from '@holdfast/core/import'
import type { HostDatabase } from './host-database.js'
import { fileOf } from './host-files.js'
import { findRun } from './import-runs.js'
import { differenceOfRow } from './shown-rows.js'
import { recordOf, type Version } from './versions.js'

/** Items that are read at once: no query stays open while a file is hashed. */
const itemsAtOnce = 200

type Item = Pick<Version, 'version' | 'run' | 'owner' | 'identity' | 'record' | 'sha256' | 'seal'> & {
  readonly seq: number
  readonly type: ImportRecord['type']
  readonly key: string
  readonly outcome: ItemOutcome
  readonly reason: SkipReason | null
  /** Null where the version is gone. */
  readonly held: number | null
}

/** Every item of an import: its version, the app's row of it where it is the one that is shown, and its file. */
export async function* readBackRun(
  db: HostDatabase,
  files: AttachmentFiles,
  id: string,
  { signal }: ReadBackOptions,
): AsyncGenerator<StoredItem> {
  const { n } = findRun(db, id)
  for (let after = -1; ; ) {
    signal.throwIfAborted()
    const page = db.all<Item>(
      `SELECT i.seq, i.type, i.key, i.outcome, i.reason, i.version, v.version AS held, v.run, v.owner, v.identity, v.record, v.sha256, v.seal
       FROM import_items AS i LEFT JOIN import_versions AS v ON v.version = i.version
       WHERE i.run = ? AND i.seq > ? ORDER BY i.seq LIMIT ?`,
      n,
      after,
      itemsAtOnce,
    )
    for (const item of page) yield await storedItem(db, files, item, signal)
    const last = page.at(-1)
    if (last === undefined) return
    after = last.seq
  }
}

async function storedItem(
  db: HostDatabase,
  files: AttachmentFiles,
  item: Item,
  signal: AbortSignal,
): Promise<StoredItem> {
  const { type, key, outcome, reason } = item
  const facts = { type, key, outcome, reason }
  if (item.held === null) return { ...facts, record: null, content: null, difference: 'row-missing' }
  const record = recordOf(item)
  const wrong = record === null ? 'row-changed' : differenceOfRow(db, item)
  const found = {
    ...facts,
    record: wrong === 'row-missing' ? null : record,
    content: null,
    difference: wrong,
  }
  if (item.sha256 === null || outcome === 'skipped') return found
  const name = fileOf(db, item.sha256)?.name
  const [digest] = name === undefined ? [] : await files.digests([{ name, twin: null }], signal)
  const content = digest ? { sha256: digest.sha256, bytes: digest.bytes } : null
  if (content?.sha256 === item.sha256) return { ...found, content }
  // The next import writes it again.
  db.transaction(() => db.run('UPDATE import_files SET is_suspect = 1 WHERE sha256 = ?', item.sha256))
  return { ...found, content, difference: wrong ?? (content === null ? 'file-missing' : 'file-changed') }
}
