import type { BackupDatabase } from '../database/backup-database.js'
import { damaged } from '../database/database-errors.js'
import type { OpenPart, PartSource } from '../parts/backup-part.js'
import { AttachmentRows } from './attachment-rows.js'
import { type AttachmentTable, openAttachments } from './attachments.js'
import { openChats } from './chats.js'
import { openFolderAttachments } from './folder-attachments.js'
import { openMessages } from './messages.js'

/** Tables that records are put together from, and what their absence means. */
const companions: Readonly<Record<string, string | null>> = {
  chat: 'no message says which conversation it belongs to',
  handle: 'no message says who sent it',
  chat_message_join: 'no message says which conversation it belongs to',
  chat_handle_join: 'no conversation says who takes part in it',
  message_attachment_join: 'no attachment says which message it belongs to',
  // Since iOS 16 only, so its absence is nothing to remark on.
  chat_recoverable_message_join: null,
  recoverable_message_part: null,
}

/**
 * Opens the tables of sms.db. Which there are and what columns they have is asked of the database, not of the version of iOS: phones
 * that were updated keep what older versions made.
 *
 * @throws HoldfastError `MESSAGES_DAMAGED` when a table is torn, or there is none of messages.
 */
export function openMessageDatabase(database: BackupDatabase, source: PartSource): OpenPart {
  const messageColumns = database.columns('message')
  if (messageColumns === null) throw damaged(database.name, 'it has no table of messages')
  const remarks: string[] = []
  for (const [table, consequence] of Object.entries(companions)) {
    if (database.columns(table) !== null) database.count(table)
    else if (consequence !== null)
      remarks.push(`${database.name.file} has no table '${table}': ${consequence}.`)
  }
  for (const table of ['message', 'chat', 'attachment']) {
    if (database.columns(table) !== null) database.checkRowIds(table)
  }
  const attachments = openAttachmentTables(database, source)
  return {
    tables: [
      { name: 'chats', counts: 'chats', table: openChats(database) },
      { name: 'messages', counts: 'messages', table: openMessages(database, messageColumns) },
      ...(attachments === null
        ? []
        : ([
            { name: 'attachments', counts: 'attachments', table: attachments.files },
            { name: 'folder-files', counts: 'attachments', table: attachments.folderFiles },
          ] as const)),
    ],
    states: [
      { part: 'messages', state: 'present', detail: null },
      attachments === null
        ? {
            part: 'attachments',
            state: 'absent',
            detail: `${database.name.file} has no table of attachments.`,
          }
        : { part: 'attachments', state: 'present', detail: null },
    ],
    remarks,
    ...(attachments === null
      ? {}
      : {
          place: async (record) =>
            (await attachments.files.place(record)) ?? (await attachments.folderFiles.place(record)),
        }),
  }
}

/** The attachments, and the files inside of those that are folders; null where there is no table of them. */
function openAttachmentTables(
  database: BackupDatabase,
  source: PartSource,
): { readonly files: AttachmentTable; readonly folderFiles: AttachmentTable } | null {
  const columns = database.columns('attachment')
  if (columns === null) return null
  const table = new AttachmentRows(database, columns)
  return {
    files: openAttachments(database, columns, table, source),
    folderFiles: openFolderAttachments(database, table, source),
  }
}
