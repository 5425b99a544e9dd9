import type { Mention, TextState } from '@holdfast/core/import'
import type { Random } from '../random.js'
import { attributedBody, type TextRun } from './attributed-body.js'

/** What the columns of a message say as text, and what a reader should make of it. */
export interface MessageBody {
  /** The `text` column. */
  readonly column: string | null
  /** The `attributedBody` column. */
  readonly archived: Uint8Array | null
  readonly text: string | null
  readonly state: TextState
  readonly mentions: readonly Mention[]
  /** Which part of the message each attachment is, by its guid, as far as the archived text says so. */
  readonly attachmentParts: ReadonlyMap<string, number>
}

const partName = '__kIMMessagePartAttributeName'
const attachmentName = '__kIMFileTransferGUIDAttributeName'
const mentionName = '__kIMMentionConfirmedMention'

/** Stands for an attachment in a text. */
export const attachmentMark = '\uFFFC'
/** Stands for what an iMessage app shows. */
export const appMark = '\uFFFD'

const bare = { mentions: [], attachmentParts: new Map<string, number>() } as const

export const noBody: MessageBody = { ...bare, column: null, archived: null, text: null, state: 'none' }

/** Text in its column only. */
export function plainBody(text: string): MessageBody {
  return { ...bare, column: text, archived: null, text, state: 'plain' }
}

/** Archived text; the `text` column may repeat it, be empty, or lag behind. The archived text counts. */
export function archivedBody(
  runs: readonly TextRun[],
  column: string | null,
  options: { readonly mutable?: boolean } = {},
): MessageBody {
  return {
    column,
    archived: attributedBody(runs, options),
    text: runs.map((run) => run.text).join(''),
    state: 'decoded',
    mentions: mentionsIn(runs),
    attachmentParts: attachmentPartsIn(runs),
  }
}

/** The body as iOS 26 keeps it: the `text` column is always NULL. */
export function withoutColumn(body: MessageBody): MessageBody {
  if (body.text !== null && body.archived === null) return archivedBody(textRuns(body.text), null)
  const lost = body.state === 'plain'
  return { ...body, column: null, ...(lost ? { text: null, state: 'undecodable' } : {}) }
}

function mentionsIn(runs: readonly TextRun[]): Mention[] {
  let start = 0
  const mentions: Mention[] = []
  for (const { text, attributes } of runs) {
    const handle = attributes[mentionName]
    if (typeof handle === 'string' && handle !== '') mentions.push({ handle, start, length: text.length })
    start += text.length
  }
  return mentions
}

function attachmentPartsIn(runs: readonly TextRun[]): Map<string, number> {
  const parts = new Map<string, number>()
  for (const { attributes } of runs) {
    const guid = attributes[attachmentName]
    const part = attributes[partName]
    if (typeof guid === 'string' && typeof part === 'number') parts.set(guid, part)
  }
  return parts
}

/** Runs of a text without attachments: one message part, now and then with data that Messages detected in it. */
export function textRuns(text: string, detected?: Uint8Array): readonly TextRun[] {
  const attributes = { __kIMMessagePartAttributeName: 0 }
  return [
    {
      text,
      attributes:
        detected === undefined ? attributes : { ...attributes, __kIMDataDetectedAttributeName: detected },
    },
  ]
}

/** Runs of a text with attachments before it: each is a message part of its own, named by the guid of its attachment. */
export function attachmentRuns(attachmentGuids: readonly string[], caption: string): readonly TextRun[] {
  const runs: TextRun[] = attachmentGuids.map((guid, part) => ({
    text: attachmentMark,
    attributes: { [attachmentName]: guid, [partName]: part },
  }))
  if (caption !== '') {
    runs.push({ text: caption, attributes: { [partName]: attachmentGuids.length } })
  }
  return runs
}

/** Runs of a text that mentions somebody, each stretch with its own attributes. */
export function mentionRuns(before: string, name: string, handle: string, after: string): readonly TextRun[] {
  const part = { [partName]: 0 }
  return [
    { text: before, attributes: part },
    { text: name, attributes: { ...part, [mentionName]: handle } },
    { text: after, attributes: part },
  ]
}

/**
 * A body that no reader can decode, in one of three ways: not a typed stream, cut behind its header, or cut inside the text.
 * With a `text` column that is what counts; without one, there is text that cannot be read.
 */
export function undecodableBody(random: Random, way: number, column: string | null): MessageBody {
  const whole = attributedBody(
    textRuns('This text was torn while the phone wrote it, and its end is missing.'),
  )
  const forms = [random.bytes(90), whole.subarray(0, 20), whole.subarray(0, 100)]
  return {
    ...bare,
    column,
    archived: forms[way % forms.length] ?? whole.subarray(0, 20),
    text: column,
    state: column === null ? 'undecodable' : 'plain',
  }
}
