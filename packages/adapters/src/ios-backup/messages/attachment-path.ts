import type { SkipReason } from '@holdfast/core/import'
import type { PhonePath } from '../manifest/file-id.js'

const homes = ['~/', '/var/mobile/', '/private/var/mobile/']

/** The folder in which the backup files the attachments of messages. */
export const messageFolder: PhonePath = { domain: 'MediaDomain', relativePath: 'Library/SMS' }

/**
 * Where in the backup the file of an attachment is: `attachment.filename` is written from the phone's home folder, and the backup
 * files the phone's message folder under MediaDomain. A reason instead where it names no such file.
 */
export function attachmentPath(filename: string | null): PhonePath | SkipReason {
  if (filename === null || filename === '') return 'no-path'
  const home = homes.find((each) => filename.startsWith(each))
  if (home === undefined) return 'invalid-path'
  // A folder may be written with a slash behind it; the manifest lists it without.
  const relativePath = filename.slice(home.length).replace(/(?<=[^/])\/$/, '')
  const inside =
    relativePath === messageFolder.relativePath || relativePath.startsWith(`${messageFolder.relativePath}/`)
  if (!inside || relativePath.split('/').includes('..') || relativePath.includes('\0')) return 'invalid-path'
  return { domain: messageFolder.domain, relativePath }
}
