import { readFile } from 'node:fs/promises'
import { parse as parseXml, type PlistValue as XmlValue } from 'plist'
import { type Decoded, DecodeFailure, decoded } from '../decoding.js'
import { regularFile, unreadable } from '../folder/backup-file.js'
import { isBinaryPlist, isDict, type PlistDict, type PlistValue, parseBinaryPlist } from './bplist.js'

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

/** Parses a property list, binary or XML. */
export function parsePlist(bytes: Uint8Array): Decoded<PlistValue> {
  return isBinaryPlist(bytes) ? parseBinaryPlist(bytes) : parseXmlPlist(Buffer.from(bytes).toString('utf8'))
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

/**
 * The XML parser makes a tree first: a kilobyte of memory and some microseconds for each tag, and a copy of all names of namespaces
 * for each tag that brings one. So 60 MB of tags would need five gigabytes. A phone with a thousand apps has 20,000 tags, none of
 * them with a namespace.
 */
const mostTags = 200_000

function refuseBombs(text: string): void {
  let tags = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    tags += 1
    if (tags > mostTags) throw new DecodeFailure('It has too many tags.')
  }
  if (/<[^<>]*\sxmlns/.test(text)) throw new DecodeFailure('It has namespaces, which no property list has.')
}

function parseXmlPlist(text: string): Decoded<PlistValue> {
  return decoded(() => {
    // The XML parser prints what it finds wrong; the one fault to be expected, a cut-off file, is told apart before it.
    if (!text.trimEnd().endsWith('</plist>')) throw new DecodeFailure('It is cut off, or no property list.')
    refuseBombs(text)
    try {
      return fromXml(parseXml(text))
    } catch (cause) {
      throw new DecodeFailure(cause instanceof Error ? cause.message : 'It cannot be parsed.')
    }
  })
}

function fromXml(value: XmlValue): PlistValue {
  if (Array.isArray(value)) return value.map(fromXml)
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array)
    return value
  return new Map(Object.entries(value).map(([key, item]) => [key, fromXml(item)]))
}
