import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { isHoldfastError } from '../../errors/holdfast-error.js'
import type { ContentDigest } from '../../import/backup-reader.js'
import type { ImportRecord, RecordBatch } from '../../import/records.js'
import type { ContentSource, ImportRef, Storage, StoredItem } from '../../import/storage.js'
import { receiptFor } from '../receipt-for.js'

/** An import of owner `o` from phone `phone`; `more` replaces any of it. */
export function importRef(id: string, more: Partial<ImportRef> = {}): ImportRef {
  return { id, owner: 'o', fingerprint: `fingerprint of ${id}`, udid: 'phone', ...more }
}

/** Cuts records into batches of `size`, with cursors that tell how many records came before. */
export function inBatches(records: readonly ImportRecord[], size: number): readonly RecordBatch[] {
  const batches: RecordBatch[] = []
  for (let from = 0; from < records.length; from += size) {
    const taken = records.slice(from, from + size)
    batches.push({ records: taken, cursor: { after: from + taken.length } })
  }
  return batches
}

/** Content of attachments: what `texts` says under the attachment's guid, else a sentence with the guid in it, in two chunks. */
export function contentOf(texts: Readonly<Record<string, string>> = {}): ContentSource {
  return async function* (record) {
    const bytes = new TextEncoder().encode(texts[record.guid] ?? `Content of ${record.guid}`)
    yield bytes.subarray(0, 5)
    yield bytes.subarray(5)
  }
}

/** What a text is as content. */
export function contentDigest(text: string): ContentDigest {
  return { sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length }
}

/** Stages records in one batch, or in those given. */
export async function stage(
  storage: Storage,
  ref: ImportRef,
  records: readonly ImportRecord[] | readonly RecordBatch[],
  content: ContentSource = contentOf(),
): Promise<void> {
  await storage.begin(ref)
  const signal = new AbortController().signal
  const batches = records.every(isBatch) ? records : inBatches(records.filter(isRecord), 1000)
  for (const batch of batches) await storage.write(ref.id, batch, { content, signal })
}

/** Stages and publishes records. */
export async function importAll(
  storage: Storage,
  ref: ImportRef,
  records: readonly ImportRecord[],
  content: ContentSource = contentOf(),
): Promise<void> {
  await stage(storage, ref, records, content)
  await storage.publish(ref.id, await receiptFor(ref))
}

/** Reads an import back in full. */
export async function itemsOf(storage: Storage, id: string): Promise<readonly StoredItem[]> {
  const items: StoredItem[] = []
  for await (const item of storage.readBack(id, { signal: new AbortController().signal })) items.push(item)
  return items
}

/** The outcomes of an import's items, in order. */
export async function outcomesOf(storage: Storage, id: string): Promise<readonly string[]> {
  return (await itemsOf(storage, id)).map((item) => item.outcome)
}

/** Asserts that a promise rejects with a HoldfastError of this code. */
export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (thrown) => {
    assert.ok(isHoldfastError(thrown), `not a HoldfastError: ${String(thrown)}`)
    assert.equal(thrown.code, code)
    assert.ok(thrown.hint !== null, `${code} has no hint`)
    return true
  })
}

function isBatch(value: ImportRecord | RecordBatch): value is RecordBatch {
  return 'records' in value
}

function isRecord(value: ImportRecord | RecordBatch): value is ImportRecord {
  return !isBatch(value)
}
