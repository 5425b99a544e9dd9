import type { TextState } from '@holdfast/core/import'
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
}

/** Stands for an attachment in a text. */
export const attachmentMark = '\uFFFC'
/** Stands for what an iMessage app shows. */
export const appMark = '\uFFFD'

export const noBody: MessageBody = { column: null, archived: null, text: null, state: 'none' }

/** Text in its column only. */
export function plainBody(text: string): MessageBody {
  return { column: text, archived: null, text, state: 'plain' }
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
  }
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
    attributes: { __kIMFileTransferGUIDAttributeName: guid, __kIMMessagePartAttributeName: part },
  }))
  if (caption !== '') {
    runs.push({ text: caption, attributes: { __kIMMessagePartAttributeName: attachmentGuids.length } })
  }
  return runs
}

/** Runs of a text that mentions somebody, each stretch with its own attributes. */
export function mentionRuns(before: string, name: string, handle: string, after: string): readonly TextRun[] {
  const part = { __kIMMessagePartAttributeName: 0 }
  return [
    { text: before, attributes: part },
    { text: name, attributes: { ...part, __kIMMentionConfirmedMention: handle } },
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
    column,
    archived: forms[way % forms.length] ?? whole.subarray(0, 20),
    text: column,
    state: column === null ? 'undecodable' : 'plain',
  }
}
