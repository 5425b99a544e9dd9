import type { BackupPartName } from '@holdfast/core/import'

/** The part of a backup that an error is about, by its code. */
const partOfCode: Readonly<Record<string, BackupPartName>> = {
  CONTACTS_DAMAGED: 'contacts',
  MESSAGES_MISSING: 'messages',
  MESSAGES_DAMAGED: 'messages',
  CALLS_DAMAGED: 'calls',
  VOICEMAIL_DAMAGED: 'voicemail',
  WHATSAPP_DAMAGED: 'whatsapp',
}

/**
 * The option that leaves out the part that an error is about, of those that were to be read; null when it is about none, or would
 * leave none.
 */
export function leaveOut(code: string, parts: readonly BackupPartName[]): string | null {
  const part = Object.hasOwn(partOfCode, code) ? partOfCode[code] : undefined
  const others = parts.filter((other) => other !== part)
  return part === undefined || others.length === 0 ? null : `--parts ${others.join(',')}`
}
