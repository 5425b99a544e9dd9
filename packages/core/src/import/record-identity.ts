import { canonicalJson } from '../index.js'
import type { ImportRecord } from './records.js'

/**
 * Text that two records of one owner share exactly when the later one tells anew what the earlier one told. Guids of messages, chats
 * and what hangs on messages are unique wherever they come from; ids of contacts, calls and voicemails (and so what hangs on them)
 * are unique on their phone only, so the udid belongs to them. Null for unreadable rows: each stands for itself.
 */
export function recordIdentity(record: ImportRecord, udid: string | null): string | null {
  if (record.type === 'unreadable') return null
  return canonicalJson([record.type, isOfDevice(record) ? udid : null, record.key])
}

function isOfDevice(record: ImportRecord): boolean {
  if (record.type === 'attachment') return record.parent !== null && record.parent.type !== 'message'
  return record.type === 'contact' || record.type === 'call' || record.type === 'voicemail'
}
