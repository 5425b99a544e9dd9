import { canonicalJson, canonicalJsonWithout, type Json } from '../index.js'
import type { ReceiptFacts } from './receipt.js'
import type { AttachmentRecord, ImportRecord } from './records.js'
import type { StoredItem } from './storage.js'

/** Version of the receipts that verify makes. */
export const receiptVersion = 3

/**
 * The line of an item in the digest of a receipt: how it ended, what its row says, and what its content is. One line of canonical JSON.
 *
 * Fields that say nothing (null, an empty list) are left out since version 2, so that a field which a later version of the records adds
 * does not change the digest of what was stored before. Version 1 had every field of its time, and gets just these.
 */
export function digestLine(item: StoredItem, version: ReceiptFacts['version'] = receiptVersion): string {
  const { type, key, outcome, reason, content } = item
  // Whether an item was stored anew or present already is no difference in what the library holds.
  const held = outcome === 'present' ? 'stored' : outcome
  const said =
    item.record === null
      ? 'null'
      : version === 1
        ? canonicalJson(asVersion1(item.record))
        : canonicalJsonWithout(item.record, saysNothing)
  // By hand, in the order of the keys: there is one for each of a million items.
  return `{"content":${canonicalJson(content)},"key":${JSON.stringify(key)},"outcome":"${held}","reason":${canonicalJson(reason)},"record":${said},"type":"${type}"}\n`
}

/** Whether a field that holds this says nothing. */
function saysNothing(held: unknown): boolean {
  return held === null || (Array.isArray(held) && held.length === 0)
}

function fieldsOf(value: object): readonly (readonly [string, Json])[] {
  // Records are plain JSON throughout, as their types say.
  return Object.entries<Json>(value as { [field: string]: Json })
}

const version1 = {
  message: [
    ...['type', 'key', 'guid', 'chatGuid', 'otherChatGuids', 'sender', 'isFromMe', 'sentAt', 'readAt'],
    ...[
      'deliveredAt',
      'editedAt',
      'kind',
      'service',
      'subject',
      'text',
      'textState',
      'replyToGuid',
      'effect',
    ],
    ...['balloon', 'groupTitle', 'isDeleted', 'edits', 'reaction'],
  ],
  edit: ['part', 'version', 'editedAt', 'text'],
  reaction: ['targetGuid', 'targetPart', 'kind', 'emoji', 'removed'],
  attachment: [
    ...[
      'type',
      'key',
      'guid',
      'name',
      'mimeType',
      'uti',
      'isSticker',
      'createdAt',
      'claimedBytes',
      'unavailable',
    ],
  ],
  contact: [
    ...['type', 'key', 'id', 'displayName', 'firstName', 'middleName', 'lastName', 'organization', 'note'],
    ...['birthday', 'createdAt', 'modifiedAt', 'points'],
  ],
  point: ['kind', 'value', 'label'],
} as const

/** A record with the fields that it had when receipts were of version 1. */
function asVersion1(record: ImportRecord): Json {
  switch (record.type) {
    case 'message':
      return {
        ...only(record, version1.message),
        edits: record.edits.map((edit) => only(edit, version1.edit)),
        reaction: record.reaction === null ? null : only(record.reaction, version1.reaction),
      }
    case 'attachment':
      return attachmentOfVersion1(record)
    case 'contact':
      return {
        ...only(record, version1.contact),
        points: record.points.map((point) => only(point, version1.point)),
      }
    default:
      // Chats and unreadable rows are as they were; calls and voicemails came later.
      return only(record, Object.keys(record))
  }
}

function attachmentOfVersion1(record: AttachmentRecord): Json {
  const { parent } = record
  return {
    ...only(record, version1.attachment),
    messageGuid: parent?.type === 'message' ? parent.key : null,
  }
}

function only(value: object, fields: readonly string[]): { readonly [field: string]: Json } {
  return Object.fromEntries(fieldsOf(value).filter(([field]) => fields.includes(field)))
}
