import { readFile } from 'node:fs/promises'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, type PlistDict, type PlistValue } from '../../plist/plist-value.js'
import { regularFile, unreadable } from './backup-file.js'

/** A property list of the backup, as far as it is there. */
export type PlistFile =
  | { readonly state: 'absent' | 'empty' }
  | { readonly state: 'unreadable'; readonly problem: string }
  | { readonly state: 'present'; readonly dict: PlistDict }

/** What is larger is not read. A real Info.plist has up to 9.5 MB, because it carries icons and licences of all apps. */
export const largestPlistBytes = 64 * 1024 * 1024

/**
 * Reads a property list whose top is a dictionary, binary or XML: which one it is depends on the program that made the backup.
 *
 * @throws HoldfastError `BACKUP_UNSAFE` when it is a link, `BACKUP_UNREADABLE`.
 */
export async function readPlistFile(path: string): Promise<PlistFile> {
  const stats = await regularFile(path)
  if (stats === null) return { state: 'absent' }
  if (stats.size === 0) return { state: 'empty' }
  if (stats.size > largestPlistBytes) return { state: 'unreadable', problem: 'It is too large.' }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  const plist = parsePlist(bytes)
  if (!plist.ok) return { state: 'unreadable', problem: plist.problem }
  if (!isDict(plist.value)) return { state: 'unreadable', problem: 'It holds no dictionary.' }
  return { state: 'present', dict: plist.value }
}

/** Text under a key; null when it is absent, empty or something else. */
export function textAt(plist: PlistFile, ...keys: readonly string[]): string | null {
  const value = valueAt(plist, ...keys)
  return typeof value === 'string' && value !== '' ? value : null
}

/** The value under a path of keys; null when there is none. */
export function valueAt(plist: PlistFile, ...keys: readonly string[]): PlistValue {
  let value: PlistValue = plist.state === 'present' ? plist.dict : null
  for (const key of keys) value = isDict(value) ? (value.get(key) ?? null) : null
  return value
}
