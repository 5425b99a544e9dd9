import type { PartState } from '@holdfast/core/import'
import { type BackupDatabase, damaged } from '../database/backup-database.js'
import type { Blobs } from '../folder/blobs.js'
import type { Manifest } from '../manifest/manifest.js'
import type { RecordTable } from '../record-table.js'
import { type AttachmentTable, openAttachments } from './attachments.js'
import { openChats } from './chats.js'
import { openMessages } from './messages.js'

/** What sms.db holds, as far as this version of the phone's system has it. */
export interface MessageParts {
  readonly chats: RecordTable
  readonly messages: RecordTable
  /** Null where the database has no table of attachments. */
  readonly attachments: AttachmentTable | null
  readonly parts: readonly PartState[]
  readonly remarks: readonly string[]
}

/** Tables that records are put together from, and what their absence means. */
const companions: Readonly<Record<string, string | null>> = {
  chat: 'no message says which conversation it belongs to',
  handle: 'no message says who sent it',
  chat_message_join: 'no message says which conversation it belongs to',
  chat_handle_join: 'no conversation says who takes part in it',
  message_attachment_join: 'no attachment says which message it belongs to',
  // Since iOS 16 only, so its absence is nothing to remark on.
  chat_recoverable_message_join: null,
}

/**
 * Opens the tables of sms.db. Which there are and what columns they have is asked of the database, not of the version of iOS: phones
 * that were updated keep what older versions made.
 *
 * @throws HoldfastError `MESSAGES_DAMAGED` when a table is torn, or there is none of messages.
 */
export function openMessageDatabase(
  database: BackupDatabase,
  source: { readonly manifest: Manifest; readonly blobs: Blobs },
): MessageParts {
  const messageColumns = database.columns('message')
  if (messageColumns === null) throw damaged(database.name, 'it has no table of messages')
  const remarks: string[] = []
  for (const [table, consequence] of Object.entries(companions)) {
    if (database.columns(table) !== null) database.count(table)
    else if (consequence !== null)
      remarks.push(`${database.name.file} has no table '${table}': ${consequence}.`)
  }
  const attachmentColumns = database.columns('attachment')
  return {
    chats: openChats(database),
    messages: openMessages(database, messageColumns),
    attachments: attachmentColumns === null ? null : openAttachments(database, attachmentColumns, source),
    parts: [
      { part: 'messages', state: 'present', detail: null },
      attachmentColumns === null
        ? {
            part: 'attachments',
            state: 'absent',
            detail: `${database.name.file} has no table of attachments.`,
          }
        : { part: 'attachments', state: 'present', detail: null },
    ],
    remarks,
  }
}
