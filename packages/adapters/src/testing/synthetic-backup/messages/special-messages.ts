import type { MessageKind, Reaction, ReactionKind } from '@holdfast/core/import'
import { cocoaEpochSeconds } from '../folder/apple-time.js'
import { archiveLinkPreview } from '../folder/keyed-archive.js'
import { archivedBody, noBody, textRuns } from './message-body.js'
import type { MessageComposer } from './message-composer.js'
import type { MessageDraft } from './message-draft.js'
import { singleEmoji, webAddress } from './phrases.js'
import { editsOf, type SummaryInfo, summaryInfo } from './summary-info.js'

/** Balloon of a web address with its preview. */
export const linkBalloon = 'com.apple.messages.URLBalloonProvider'

const previewTitle = 'Tide tables and other news'

/** Kind and wording of the tapbacks 2000 to 2005. */
export const tapbacks = [
  ['love', 'Loved'],
  ['like', 'Liked'],
  ['dislike', 'Disliked'],
  ['laugh', 'Laughed at'],
  ['emphasize', 'Emphasized'],
  ['question', 'Questioned'],
] as const satisfies readonly (readonly [ReactionKind, string])[]

/** The addresses are few, and an archive takes its time. */
const previews = new Map<string, Uint8Array>()

function previewOf(url: string): Uint8Array {
  const known = previews.get(url)
  if (known !== undefined) return known
  const made = archiveLinkPreview(url, { title: previewTitle, siteName: new URL(url).hostname })
  previews.set(url, made)
  return made
}

/** A web address with its preview; `changes` for one that has attachments. */
export function linkMessage(composer: MessageComposer, changes: Partial<MessageDraft> = {}): MessageDraft {
  const url = webAddress(composer.random)
  return composer.draft({
    balloon: linkBalloon,
    payload: previewOf(url),
    linkPreview: { url, title: previewTitle, summary: null, siteName: new URL(url).hostname },
    body: archivedBody(textRuns(url), composer.random.chance(0.5) ? url : null),
    ...changes,
  })
}

/**
 * A tapback: `index` 0 to 5 as in {@link tapbacks}, 6 an emoji, 7 a sticker. On a part of a message (`p:N/GUID`), or on a link
 * preview or app (`bp:GUID`).
 */
export function tapback(
  composer: MessageComposer,
  index: number,
  removed: boolean,
  on: number | 'bp' = 0,
  changes: Partial<MessageDraft> = {},
): MessageDraft {
  const { chat, target } = composer.target()
  const emoji = index === 6 ? singleEmoji(composer.random) : null
  const [kind, verb] =
    tapbacks[index] ?? (emoji === null ? ['sticker', 'Reacted to'] : ['emoji', `Reacted ${emoji} to`])
  const wording = `${removed ? `Removed: ${verb}` : verb} “${target.text}”`
  const reaction: Reaction = {
    targetGuid: target.guid,
    targetPart: on === 'bp' ? null : on,
    kind,
    emoji,
    removed,
  }
  return composer.draft(
    {
      kind: 'tapback',
      associatedType: (removed ? 3000 : 2000) + index,
      associatedGuid: on === 'bp' ? `bp:${target.guid}` : `p:${on}/${target.guid}`,
      associatedEmoji: emoji,
      reaction,
      body: archivedBody(textRuns(wording), composer.random.chance(0.5) ? wording : null),
      ...changes,
    },
    chat,
  )
}

/** A message that was edited or taken back: its text is what the last wordings leave. */
export function edited(composer: MessageComposer, info: SummaryInfo): MessageDraft {
  const latest = new Map(info.wordings.map(({ part, text }) => [part, text]))
  const parts = [...latest].filter(([part]) => !info.unsentParts.includes(part)).sort(([a], [b]) => a - b)
  const runs = parts.map(([part, text]) => ({
    text: text ?? '',
    attributes: { __kIMMessagePartAttributeName: part },
  }))
  const lastEdit = Math.max(composer.editTime(3), ...info.wordings.map(({ at }) => at))
  const kind: MessageKind = runs.length === 0 ? 'unsent' : 'message'
  return composer.draft({
    kind,
    body: runs.length === 0 ? noBody : archivedBody(runs, null),
    edited: { ms: (lastEdit + cocoaEpochSeconds) * 1000, nanos: 0 },
    summary: summaryInfo(info),
    edits: editsOf(info),
    unsentParts: [...info.unsentParts],
  })
}
