import type { ChatRecord } from '@holdfast/core/import'
import { flag, type Row, RowUnreadable, type SqlValue, text, textOrNull } from '../fields.js'
import type { Parts, RowShape } from './row-shape.js'

export const chatShape: RowShape = {
  type: 'chat',
  table: 'chat_rows',
  columns: ['guid', 'identifier', 'display_name', 'is_group', 'service'],
  identity: ['guid'],
  parts: { table: 'chat_member_rows', parent: 'chat', columns: ['handle'] },
}

/** Values of a chat, in the order of the columns. */
export function chatValues(record: ChatRecord): readonly SqlValue[] {
  return [record.guid, record.identifier, record.displayName, Number(record.isGroup), record.service]
}

/** The members of a chat as parts. */
export function chatParts(record: ChatRecord): Parts {
  return record.members.map((handle) => [handle])
}

/** The chat that a row and its parts hold. Throws RowUnreadable. */
export function chatRecord(row: Row, parts: Parts): ChatRecord {
  const guid = text(row, 'guid')
  return {
    type: 'chat',
    key: guid,
    guid,
    identifier: textOrNull(row, 'identifier'),
    displayName: textOrNull(row, 'display_name'),
    isGroup: flag(row, 'is_group'),
    service: textOrNull(row, 'service'),
    members: parts.map(([handle]) => {
      if (typeof handle === 'string') return handle
      throw new RowUnreadable('handle', 'text')
    }),
  }
}
