import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { bytesOf } from '../record-table.js'
import { decodeAttributedRuns } from './typedstream.js'

const attachmentName = '__kIMFileTransferGUIDAttributeName'
const partName = '__kIMMessagePartAttributeName'
const none: ReadonlyMap<string, number> = new Map()

/** Which part of a message each of its attachments is, by guid. Empty where the message does not say. */
export type PartsOf = (message: number) => ReadonlyMap<string, number>

/**
 * Opens the parts of messages: the archived text has a mark for each attachment, with its guid and the number of the part. What was
 * found is remembered for the last message that was asked for, because its attachments come together.
 */
export function openAttachmentParts(database: BackupDatabase): PartsOf {
  if (database.columns('message')?.has('attributedbody') !== true) return () => none
  const select = database.guard(() =>
    database.prepare('SELECT attributedBody AS body FROM message WHERE ROWID = ?'),
  )
  let last: { readonly message: number; readonly parts: ReadonlyMap<string, number> } | null = null
  return (message) => {
    if (last?.message !== message) {
      const [found] = database.guard(() => rows<{ body: SqlValue }>(select.all(message)))
      last = { message, parts: partsIn(found?.body ?? null) }
    }
    return last.parts
  }
}

function partsIn(body: SqlValue): ReadonlyMap<string, number> {
  const bytes = bytesOf(body)
  const decoded = bytes === null ? null : decodeAttributedRuns(bytes)
  if (decoded?.ok !== true) return none
  const parts = new Map<string, number>()
  for (const { attributes } of decoded.value.runs) {
    const guid = attributes.get(attachmentName)
    const part = attributes.get(partName)
    if (typeof guid === 'string' && typeof part === 'number') parts.set(guid, part)
  }
  return parts
}
