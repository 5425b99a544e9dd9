import type { MessageEdit } from '@holdfast/core/import'
import { buildBinary, type PlistValue } from 'plist'
import { cocoaEpochSeconds } from '../folder/apple-time.js'
import { attributedBody } from './attributed-body.js'
import { textRuns } from './message-body.js'

/** One wording of an edited part. */
export interface Wording {
  readonly part: number
  /** Seconds since 2001, in eighths so that no reader's arithmetic can round them differently. */
  readonly at: number
  /** Null for a wording that is torn and cannot be decoded. */
  readonly text: string | null
}

/** What `message_summary_info` says of a message that was edited or (partly) unsent. Wordings are oldest first within a part. */
export interface SummaryInfo {
  readonly wordings: readonly Wording[]
  readonly unsentParts: readonly number[]
}

/** `message_summary_info`: `ec` the wordings by part, `otr` ranges in the first text, `rp` the unsent parts. */
export function summaryInfo(info: SummaryInfo): Uint8Array {
  const content: Record<string, PlistValue> = { amc: 1, ust: true }
  const history: Record<string, PlistValue[]> = {}
  const ranges: Record<string, PlistValue> = {}
  for (const { part, at, text } of info.wordings) {
    const archived = attributedBody(textRuns(text ?? 'torn'))
    const list = (history[String(part)] ??= [])
    list.push({ d: at, t: text === null ? archived.subarray(0, 30) : archived })
    ranges[String(part)] ??= { lo: 0, le: text?.length ?? 4 }
  }
  for (const part of info.unsentParts) ranges[String(part)] ??= { lo: 0, le: 12 }
  if (info.wordings.length > 0) content['ec'] = history
  if (info.unsentParts.length > 0) content['rp'] = [...info.unsentParts]
  content['otr'] = ranges
  return buildBinary(content)
}

/** The wordings as a reader should list them: by part, oldest first. */
export function editsOf(info: SummaryInfo): MessageEdit[] {
  const next = new Map<number, number>()
  return [...info.wordings]
    .sort((a, b) => a.part - b.part)
    .map(({ part, at, text }) => {
      const version = next.get(part) ?? 0
      next.set(part, version + 1)
      return { part, version, editedAt: Math.floor((at + cocoaEpochSeconds) * 1000), text }
    })
}
