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

/** The name of a file's blob: SHA-1 of `<domain>-<relativePath>`, in lower-case hex. */
export function fileId(file: BackupFile): string {
  return createHash('sha1').update(`${file.domain}-${file.relativePath}`).digest('hex')
}

/** Where a blob lies below the backup's folder. */
export function blobName(id: string): string {
  return `${id.slice(0, 2)}/${id}`
}
