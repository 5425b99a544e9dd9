import type { SystemEventKind } from '@holdfast/core/import'
import type { SchemaVersion } from './folder/generations.js'
import { archiveAppMessage, archiveLinkPreview } from './folder/keyed-archive.js'
import { attributedBody } from './messages/attributed-body.js'
import {
  appMark,
  archivedBody,
  type MessageBody,
  mentionRuns,
  noBody,
  plainBody,
  textRuns,
  undecodableBody,
} from './messages/message-body.js'
import type { MessageComposer } from './messages/message-composer.js'
import type { MessageDraft } from './messages/message-draft.js'
import { asciiText, emojiText, longText, phrase } from './messages/phrases.js'
import { edited, linkMessage, tapback, tapbacks } from './messages/special-messages.js'
import { type SummaryInfo, summaryInfo } from './messages/summary-info.js'

/** One way for a message to be. */
export interface Scenario {
  /** Generation of iOS that brought it. */
  readonly since: SchemaVersion
  /** Share among the messages that nothing else is planned for; 0 for what is only planted. */
  readonly weight: number
  readonly compose: (composer: MessageComposer) => MessageDraft
}

const game = 'com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.example.games.Extension'

/** What a game shows of itself. */
const gameBoard = {
  name: 'Sea Battle',
  text: 'Let’s play Sea Battle 🚢',
  caption: 'Your turn',
  subcaption: 'Shots: 12',
  url: 'data:?board=0120&turn=1',
} as const

const effects = [
  'com.apple.MobileSMS.expressivesend.gentle',
  'com.apple.MobileSMS.expressivesend.impact',
  'com.apple.MobileSMS.expressivesend.invisibleink',
  'com.apple.MobileSMS.expressivesend.loud',
  'com.apple.messages.effect.CKConfettiEffect',
  'com.apple.messages.effect.CKHappyBirthdayEffect',
  'com.apple.messages.effect.CKSpotlightEffect',
] as const

/**
 * Everything odd that a message can be, most telling first: each is planted once at least, as far as there are messages and as
 * the generation knows it; those with a weight recur.
 */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'plain-text': worded('ios-6', 0, (c) => plainBody(phrase(c.random))),
  'archived-text-only': worded('ios-6', 0, (c) => archivedBody(textRuns(phrase(c.random)), null)),
  'stale-text': worded('ios-6', 0.002, (c) =>
    archivedBody(textRuns(phrase(c.random)), 'What it said before'),
  ),
  'own-message-without-handle': scenario('ios-6', 0, (c) =>
    c.draft({ isFromMe: true, handleId: 0, handle: null }),
  ),
  'own-message-with-handle': scenario('ios-6', 0, (c) => {
    const handle = c.handle()
    return c.draft({ isFromMe: true, handleId: handle?.rowid ?? 0, handle })
  }),
  tapback: scenario('ios-10', 0.07, (c) => tapback(c, c.random.integer(0, 5), false)),
  reply: scenario('ios-15', 0.03, (c) => {
    const { chat, target } = c.target()
    return c.draft({ originatorGuid: target.guid }, chat)
  }),
  'reply-to-second-part': scenario('ios-15', 0.001, (c) => {
    const { chat, target } = c.target()
    return c.draft({ originatorGuid: target.guid, originatorPart: 1 }, chat)
  }),
  edited: scenario('ios-16', 0.01, (c) => {
    const versions = c.random.integer(2, 4)
    const wordings = Array.from({ length: versions }, (_, step) => ({
      part: 0,
      at: c.editTime(step),
      text: phrase(c.random),
    }))
    return edited(c, { wordings, unsentParts: [] })
  }),
  unsent: scenario('ios-16', 0.003, (c) => edited(c, { wordings: [], unsentParts: [0] })),
  'in-no-chat': scenario('ios-6', 0.02, (c) => {
    const handle = c.handle()
    return c.draft({ isFromMe: false, handleId: handle?.rowid ?? 0, handle }, null)
  }),
  'in-two-chats': scenario('ios-6', 0.002, (c) => {
    const chats = new Set(
      [c.chat(), c.chat(), ...c.conversations.chats.slice(0, 2)].filter((chat) => chat !== null),
    )
    return c.draft({ chats: [...chats].slice(0, 2).sort((a, b) => a.rowid - b.rowid) })
  }),
  'recently-deleted': scenario('ios-16', 0.005, (c) => {
    const chat = c.chat()
    return c.draft({ isDeleted: chat !== null, deleted: chat === null ? null : c.later() }, chat)
  }),
  'part-recently-deleted': scenario('ios-16', 0.001, (c) => {
    const chat = c.chat()
    const text = phrase(c.random)
    const archived = attributedBody(textRuns(text))
    const parts = [
      { part: 0, text, archived },
      { part: 2, text: null, archived: archived.subarray(0, 40) },
    ]
    return c.draft(
      { deleted: chat === null ? null : c.later(), deletedParts: chat === null ? [] : parts },
      chat,
    )
  }),
  'emoji-tapback': scenario('ios-18', 0.01, (c) => tapback(c, 6, false)),
  'removed-tapback': scenario('ios-10', 0.003, (c) => tapback(c, c.random.integer(0, 5), true)),
  'removed-emoji-tapback': scenario('ios-18', 0.001, (c) => tapback(c, 6, true)),
  'tapback-on-link': scenario('ios-10', 0.002, (c) => tapback(c, 1, false, 'bp')),
  'tapback-on-second-part': scenario('ios-10', 0.002, (c) => tapback(c, 0, false, 1)),
  ...Object.fromEntries(
    tapbacks.flatMap(([kind], index) => [
      [`tapback-${kind}`, scenario('ios-10', 0, (c) => tapback(c, index, false))],
      [`removed-tapback-${kind}`, scenario('ios-10', 0, (c) => tapback(c, index, true))],
    ]),
  ),
  'participant-added': system('ios-9', 0.003, (c) => ({
    itemType: 1,
    ...concerning(c, 'participant-added'),
  })),
  'participant-removed': system('ios-9', 0.001, (c) => ({
    itemType: 1,
    groupActionType: 1,
    ...concerning(c, 'participant-removed'),
  })),
  'group-renamed': system('ios-9', 0.002, () => ({
    itemType: 2,
    groupTitle: 'Segeln ⛵️ 2025',
    event: { kind: 'group-renamed', handle: null },
  })),
  'participant-left': event('ios-9', 'participant-left', { itemType: 3 }),
  'group-photo-changed': event('ios-9', 'photo-changed', { itemType: 3, groupActionType: 1 }),
  'group-photo-removed': event('ios-9', 'photo-removed', { itemType: 3, groupActionType: 2 }),
  'location-shared': event('ios-9', 'location-shared', { itemType: 4 }),
  'location-stopped': event('ios-9', 'location-stopped', { itemType: 4, shareStatus: 1 }),
  'audio-kept': event('ios-9', 'audio-kept', { itemType: 5 }),
  'shareplay-begun': event('ios-15', 'shareplay', { itemType: 6 }),
  'event-of-tomorrow': event('ios-26', 'other', { itemType: 17, groupActionType: 3 }),
  effect: scenario('ios-10', 0.005, (c) => c.draft({ effect: c.random.pick(effects) })),
  'link-preview': scenario('ios-10', 0.015, (c) => linkMessage(c)),
  'link-preview-of-old': scenario('ios-10', 0, (c) => {
    const texts = { title: 'Über uns', summary: 'Who we are — and where', siteName: 'Fähre & Söhne' }
    const url = 'https://example.org/über?a=1&b=2'
    const payload = archiveLinkPreview(url, texts, 'metadata')
    return linkMessage(c, { payload, linkPreview: { url, ...texts } })
  }),
  'link-preview-not-loaded': scenario('ios-10', 0.001, (c) =>
    linkMessage(c, { payload: null, linkPreview: null }),
  ),
  'link-preview-torn': scenario('ios-10', 0, (c) =>
    linkMessage(c, {
      payload: archiveLinkPreview('https://example.org', {}).subarray(0, 60),
      linkPreview: null,
    }),
  ),
  app: scenario('ios-10', 0.004, (c) => {
    const { url, ...shown } = gameBoard
    return c.draft({
      kind: 'app',
      balloon: game,
      payload: archiveAppMessage({ url, ...shown }),
      app: { url, ...shown },
      body: archivedBody(textRuns(appMark), null),
    })
  }),
  'digital-touch': scenario('ios-10', 0.001, (c) =>
    c.draft({
      kind: 'app',
      balloon: 'com.apple.DigitalTouchBalloonProvider',
      payload: c.random.bytes(80),
      body: archivedBody(textRuns(appMark), null),
    }),
  ),
  'app-update': scenario('ios-10', 0.001, (c) => {
    const { chat, target } = c.target()
    return c.draft(
      {
        kind: 'app',
        balloon: game,
        associatedType: 2,
        associatedGuid: target.guid,
        target: { guid: target.guid, part: null },
        body: noBody,
      },
      chat,
    )
  }),
  'poll-vote': scenario('ios-26', 0.001, (c) => {
    const { chat, target } = c.target()
    return c.draft(
      {
        kind: 'app',
        associatedType: 4000,
        associatedGuid: target.guid,
        target: { guid: target.guid, part: null },
        body: noBody,
      },
      chat,
    )
  }),
  'sent-later': scenario('ios-18', 0.001, (c) => c.draft({ isFromMe: true, isScheduled: true })),
  mention: scenario('ios-15', 0, (c) => {
    const runs = mentionRuns('👋🏽 Hey ', 'Zoë', '+15550004242', ', where is the key? ')
    const more = mentionRuns('', 'Ann', 'ann@example.org', ' had it')
    return c.draft({ body: archivedBody([...runs, ...more], null) })
  }),
  'emoji-only': worded('ios-6', 0.02, (c) => archivedBody(textRuns(emojiText(c.random)), null)),
  'text-of-127-bytes': worded('ios-6', 0, (c) => archivedBody(textRuns(asciiText(c.random, 127)), null)),
  'text-of-128-bytes': worded('ios-6', 0, (c) => archivedBody(textRuns(asciiText(c.random, 128)), null)),
  'long-text': worded('ios-6', 0.01, (c) => archivedBody(textRuns(longText(c.random, 700)), null)),
  'text-of-64-kibibytes': worded('ios-6', 0, (c) => archivedBody(textRuns(longText(c.random, 66_000)), null)),
  'without-text': worded('ios-6', 0.001, () => noBody),
  'undecodable-with-text-column': worded('ios-6', 0, (c) => undecodableBody(c.random, 1, phrase(c.random))),
  'null-service': scenario('ios-6', 0.003, (c) => c.draft({ service: null })),
  'empty-strings': scenario('ios-6', 0.001, (c) =>
    c.draft({ service: '', subject: '', groupTitle: '', effect: '', balloon: '' }),
  ),
  subject: scenario('ios-6', 0, (c) => c.draft({ subject: 'Überfahrt' })),
  'missing-handle': scenario('ios-6', 0.001, (c) =>
    c.draft({ isFromMe: false, handleId: 90_000_000, handle: null }),
  ),
  'zero-date': scenario('ios-6', 0, (c) => c.draft({ sent: null, read: null, delivered: null, noDate: 0 })),
  'null-date': scenario('ios-6', 0, (c) =>
    c.draft({ sent: null, read: null, delivered: null, noDate: null }),
  ),
  'date-in-seconds': scenario('ios-11', 0.001, (c) => c.draft({ dateUnit: 'seconds' })),
  'sms-service': scenario('ios-6', 0, (c) => c.draft({ service: 'SMS' })),
  'rcs-service': scenario('ios-18', 0.01, (c) => c.draft({ service: 'RCS' })),
  'satellite-service': scenario('ios-18', 0.001, (c) => c.draft({ service: 'iMessageLite' })),
  'edited-in-two-parts': scenario('ios-16', 0.0005, (c) => {
    const wordings = [
      { part: 0, at: c.editTime(0), text: phrase(c.random) },
      { part: 1, at: c.editTime(0), text: phrase(c.random) },
      { part: 1, at: c.editTime(1), text: phrase(c.random) },
      { part: 0, at: c.editTime(2), text: phrase(c.random) },
    ]
    return edited(c, { wordings, unsentParts: [] })
  }),
  'unsent-after-edit': scenario('ios-16', 0.0005, (c) => {
    const wordings = [0, 1].map((step) => ({ part: 0, at: c.editTime(step), text: phrase(c.random) }))
    return edited(c, { wordings, unsentParts: [0] })
  }),
  'partly-unsent': scenario('ios-16', 0.0005, (c) => {
    const info: SummaryInfo = { wordings: [], unsentParts: [1] }
    return c.draft({
      body: archivedBody(textRuns(phrase(c.random)), null),
      summary: summaryInfo(info),
      unsentParts: [1],
    })
  }),
}

/** Text that no reader can decode; asked for as an anomaly. Ways differ from one to the next. */
export function undecodableText(composer: MessageComposer, way: number): MessageDraft {
  return composer.draft({ body: undecodableBody(composer.random, way, null) })
}

/** An edited message of which one wording cannot be decoded; asked for as an anomaly. */
export function undecodableEdit(composer: MessageComposer): MessageDraft {
  const wordings = [null, phrase(composer.random)].map((text, step) => ({
    part: 0,
    at: composer.editTime(step),
    text,
  }))
  return edited(composer, { wordings, unsentParts: [] })
}

function scenario(
  since: SchemaVersion,
  weight: number,
  compose: (composer: MessageComposer) => MessageDraft,
): Scenario {
  return { since, weight, compose }
}

function worded(
  since: SchemaVersion,
  weight: number,
  body: (composer: MessageComposer) => MessageBody,
): Scenario {
  return scenario(since, weight, (composer) => composer.draft({ body: body(composer) }))
}

function system(
  since: SchemaVersion,
  weight: number,
  changes: (composer: MessageComposer) => Partial<MessageDraft>,
): Scenario {
  return scenario(since, weight, (composer) =>
    composer.draft({ kind: 'system', body: noBody, ...changes(composer) }, composer.group()),
  )
}

/** An event that concerns nobody but its sender. */
function event(since: SchemaVersion, kind: SystemEventKind, changes: Partial<MessageDraft>): Scenario {
  return system(since, 0.001, () => ({ ...changes, event: { kind, handle: null } }))
}

/** Whom an event concerns. */
function concerning(composer: MessageComposer, kind: SystemEventKind): Partial<MessageDraft> {
  const handle = composer.handle()
  return { otherHandleId: handle?.rowid ?? 0, event: { kind, handle: handle?.id ?? null } }
}
