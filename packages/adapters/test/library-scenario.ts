import type { AttachmentRecord, ImportRecord, ImportRef, RecordBatch, Storage } from '@holdfast/core/import'
import {
  receiptFor,
  sampleAttachment,
  sampleChat,
  sampleContact,
  sampleMessage,
  sampleUnreadable,
} from '@holdfast/core/testing'

const signal = new AbortController().signal

/** The import that is in the library before, and the one that is disturbed. */
export const firstImport: ImportRef = { id: 'first', owner: 'o', fingerprint: 'f1', udid: 'phone' }
export const secondImport: ImportRef = { id: 'second', owner: 'o', fingerprint: 'f2', udid: 'phone' }

/** A small backup: every kind of record, content that several attachments share, content that has to be skipped. */
export function firstRecords(): readonly ImportRecord[] {
  const messages = Array.from({ length: 60 }, (_, index) =>
    sampleMessage(`m${index}`, { sentAt: 1_600_000_000_000 + index, chatGuid: `chat-${index % 3}` }),
  )
  const attachments = Array.from({ length: 20 }, (_, index) =>
    sampleAttachment(`a${index}`, `m${index}`, index % 7 === 6 ? { unavailable: 'offloaded' } : {}),
  )
  return [
    ...[1, 2, 3].map((id) => sampleContact(String(id))),
    ...[0, 1, 2].map((id) => sampleChat(`chat-${id}`)),
    ...messages,
    ...attachments,
    sampleUnreadable('1'),
  ]
}

/** The same phone a week later: most is as it was, some of everything changed, some is new. */
export function secondRecords(): readonly ImportRecord[] {
  const changed = firstRecords().map((record, index): ImportRecord => {
    if (index % 5 !== 0) return record
    if (record.type === 'message') return { ...record, text: 'Edited', editedAt: 5 }
    if (record.type === 'contact') return { ...record, displayName: 'Renamed', points: [] }
    if (record.type === 'chat') return { ...record, members: ['+15550001'] }
    if (record.type === 'attachment') return { ...record, claimedBytes: 1 }
    return record
  })
  const added = Array.from({ length: 300 }, (_, index) => [
    sampleMessage(`n${index}`, { sentAt: 1_700_000_000_000 + index }),
    ...(index % 10 === 0 ? [sampleAttachment(`b${index}`, `n${index}`)] : []),
  ])
  return [...changed, ...added.flat()]
}

/** Content by the attachment's guid: several share theirs, and every fifth of the second import is in the first as well. */
export async function* scenarioContent(record: AttachmentRecord): AsyncGenerator<Uint8Array> {
  const number = Number(record.guid.slice(1))
  const text = number % 50 === 0 ? 'Content of a0' : `Content of ${record.guid} `.repeat(2000)
  yield Buffer.from(text.slice(0, 10))
  yield Buffer.from(text.slice(10))
}

export function scenarioBatches(records: readonly ImportRecord[], size: number): readonly RecordBatch[] {
  const batches: RecordBatch[] = []
  for (let from = 0; from < records.length; from += size) {
    batches.push({ records: records.slice(from, from + size), cursor: from + size })
  }
  return batches
}

/** Begins an import, or goes on with it, and publishes it: what the engine's store and verify do around the port. */
export async function runImport(
  storage: Storage,
  ref: ImportRef,
  records: readonly ImportRecord[],
  batchSize: number,
): Promise<void> {
  const { cursor } = await storage.begin(ref)
  const done = typeof cursor === 'number' ? cursor / batchSize : 0
  for (const batch of scenarioBatches(records, batchSize).slice(done)) {
    await storage.write(ref.id, batch, { content: scenarioContent, signal })
  }
  await storage.publish(ref.id, await receiptFor(ref))
}
