import { createHash } from 'node:crypto'

/** A file as the manifest of a backup names it. */
export interface BackupFile {
  readonly domain: string
  readonly relativePath: string
}

/** The message database. */
export const messagesFile: BackupFile = { domain: 'HomeDomain', relativePath: 'Library/SMS/sms.db' }

/** The contacts database. */
export const contactsFile: BackupFile = {
  domain: 'HomeDomain',
  relativePath: 'Library/AddressBook/AddressBook.sqlitedb',
}

/** The call history. */
export const callsFile: BackupFile = {
  domain: 'HomeDomain',
  relativePath: 'Library/CallHistoryDB/CallHistory.storedata',
}

/** The voicemail database. */
export const voicemailFile: BackupFile = {
  domain: 'HomeDomain',
  relativePath: 'Library/Voicemail/voicemail.db',
}

/** Domains of the folders that WhatsApp's apps share with their extensions. */
export const whatsAppDomains = {
  WhatsApp: 'AppDomainGroup-group.net.whatsapp.WhatsApp.shared',
  'WhatsApp Business': 'AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared',
} as const

/** One of WhatsApp's apps. */
export type WhatsAppApp = keyof typeof whatsAppDomains

/** The message database of one of WhatsApp's apps. */
export function whatsAppFile(app: WhatsAppApp = 'WhatsApp'): BackupFile {
  return { domain: whatsAppDomains[app], relativePath: 'ChatStorage.sqlite' }
}

/** The images of contacts. */
export const contactImagesFile: BackupFile = {
  domain: 'HomeDomain',
  relativePath: 'Library/AddressBook/AddressBookImages.sqlitedb',
}

/** The name of a file's blob: SHA-1 of `<domain>-<relativePath>`, in lower-case hex. */
export function fileId(file: BackupFile): string {
  return createHash('sha1').update(`${file.domain}-${file.relativePath}`).digest('hex')
}

/** Where a blob lies below the backup's folder. */
export function blobName(id: string): string {
  return `${id.slice(0, 2)}/${id}`
}
