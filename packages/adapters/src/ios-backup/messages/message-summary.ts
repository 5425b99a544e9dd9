import type { MessageEdit } from '@holdfast/core/import'
import { isDict, isList, type PlistValue } from '../../plist/plist-value.js'
import { parseBinaryPlist } from '../../plist/read-binary.js'
import { unixMillis } from '../database/cocoa-time.js'
import { decodeAttributedText } from './typedstream.js'

/** What `message.message_summary_info` says about changes after sending. */
export interface MessageSummary {
  /** Wordings of edited parts: parts ascending, each oldest first. */
  readonly edits: readonly MessageEdit[]
  /** Parts that were taken back, ascending. */
  readonly unsentParts: readonly number[]
}

const nothing: MessageSummary = { edits: [], unsentParts: [] }

// A short ASCII string of a binary property list is 0x50 plus its length, then its characters.
const editedKey = Buffer.from('\u0052ec', 'latin1')
const unsentKey = Buffer.from('\u0052rp', 'latin1')

/**
 * Reads the summary, a binary property list: `ec` holds, per part, the versions `{ d: seconds since 2001, t: typedstream }`, oldest
 * first; `rp` lists the parts that were taken back (date_retracted is zero on current systems). Nearly every message of iOS 16 and
 * newer has a summary, few say either, so the keys are looked for in the bytes before anything is parsed.
 */
export function parseMessageSummary(bytes: Uint8Array): MessageSummary {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!buffer.includes(editedKey) && !buffer.includes(unsentKey)) return nothing
  const plist = parseBinaryPlist(bytes)
  if (!plist.ok || !isDict(plist.value)) return nothing
  return { edits: editsOf(plist.value.get('ec')), unsentParts: partsOf(plist.value.get('rp')) }
}

function partsOf(parts: PlistValue | undefined): number[] {
  if (!isList(parts)) return []
  const numbers = parts.filter(
    (part): part is number => typeof part === 'number' && Number.isSafeInteger(part),
  )
  return [...new Set(numbers)].sort((a, b) => a - b)
}

/**
 * A phone allows five edits of a part. A list may name one wording any number of times, and parts may share one list, so that a few
 * kilobytes could stand for millions of wordings: what has more than this is no history.
 */
const mostWordings = 500

function editsOf(parts: PlistValue | undefined): MessageEdit[] {
  if (!isDict(parts)) return []
  const wordings = [...parts.values()].reduce<number>(
    (sum, versions) => sum + (isList(versions) ? versions.length : 0),
    0,
  )
  if (wordings > mostWordings) return []
  return [...parts]
    .map(([part, versions]) => ({ part: Number(part), versions }))
    .filter(({ part }) => Number.isSafeInteger(part))
    .sort((a, b) => a.part - b.part)
    .flatMap(({ part, versions }) =>
      isList(versions) ? versions.map((version, index) => editOf(part, index, version)) : [],
    )
}

function editOf(part: number, version: number, value: PlistValue): MessageEdit {
  const date = isDict(value) ? value.get('d') : null
  const stream = isDict(value) ? value.get('t') : null
  const text = stream instanceof Uint8Array ? decodeAttributedText(stream) : null
  return {
    part,
    version,
    editedAt: typeof date === 'number' ? unixMillis(date) : null,
    text: text?.ok === true ? text.value : null,
  }
}
