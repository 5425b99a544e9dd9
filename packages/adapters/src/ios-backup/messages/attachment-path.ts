import type { SkipReason } from '@holdfast/core/import'
import type { PhonePath } from '../manifest/file-id.js'

const homes = ['~/', '/var/mobile/', '/private/var/mobile/']
const messageFolder = 'Library/SMS'

/**
 * Where in the backup the file of an attachment is: `attachment.filename` is written from the phone's home folder, and the backup
 * files the phone's message folder under MediaDomain. A reason instead where it names no such file.
 */
export function attachmentPath(filename: string | null): PhonePath | SkipReason {
  if (filename === null || filename === '') return 'no-path'
  const home = homes.find((each) => filename.startsWith(each))
  if (home === undefined) return 'invalid-path'
  const relativePath = filename.slice(home.length)
  const inside = relativePath === messageFolder || relativePath.startsWith(`${messageFolder}/`)
  if (!inside || relativePath.split('/').includes('..') || relativePath.includes('\0')) return 'invalid-path'
  return { domain: 'MediaDomain', relativePath }
}
