import type { Mention } from '@holdfast/core/import'
import { decodeAttributedRuns } from './typedstream.js'

const mentionName = '__kIMMentionConfirmedMention'
const mentionBytes = Buffer.from(mentionName)
const none: readonly Mention[] = []

/** Whom an archived text mentions. Few texts mention anybody, so the name of the attribute is looked for before anything is decoded. */
export function mentionsOf(body: Uint8Array): readonly Mention[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (!buffer.includes(mentionBytes)) return none
  const decoded = decodeAttributedRuns(body)
  if (!decoded.ok) return none
  return decoded.value.runs.flatMap(({ start, length, attributes }) => {
    const handle = attributes.get(mentionName)
    return typeof handle === 'string' && handle !== '' ? [{ handle, start, length }] : []
  })
}
