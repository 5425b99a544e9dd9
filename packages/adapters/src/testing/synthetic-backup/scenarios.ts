import type { SchemaVersion } from './folder/generations.js'
import {
  appMark,
  archivedBody,
  type MessageBody,
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
  'plain-text': worded('ios-9', 0, (c) => plainBody(phrase(c.random))),
  'archived-text-only': worded('ios-9', 0, (c) => archivedBody(textRuns(phrase(c.random)), null)),
  'stale-text': worded('ios-9', 0.002, (c) =>
    archivedBody(textRuns(phrase(c.random)), 'What it said before'),
  ),
  'own-message-without-handle': scenario('ios-9', 0, (c) =>
    c.draft({ isFromMe: true, handleId: 0, handle: null }),
  ),
  'own-message-with-handle': scenario('ios-9', 0, (c) => {
    const handle = c.handle()
    return c.draft({ isFromMe: true, handleId: handle?.rowid ?? 0, handle })
  }),
  tapback: scenario('ios-10', 0.07, (c) => tapback(c, c.random.integer(0, 5), false)),
  reply: scenario('ios-15', 0.03, (c) => {
    const { chat, target } = c.target()
    return c.draft({ originatorGuid: target.guid }, chat)
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
  'in-no-chat': scenario('ios-9', 0.02, (c) => {
    const handle = c.handle()
    return c.draft({ isFromMe: false, handleId: handle?.rowid ?? 0, handle }, null)
  }),
  'in-two-chats': scenario('ios-9', 0.002, (c) => {
    const chats = new Set(
      [c.chat(), c.chat(), ...c.conversations.chats.slice(0, 2)].filter((chat) => chat !== null),
    )
    return c.draft({ chats: [...chats].slice(0, 2).sort((a, b) => a.rowid - b.rowid) })
  }),
  'recently-deleted': scenario('ios-16', 0.005, (c) => {
    const chat = c.chat()
    return c.draft({ isDeleted: chat !== null }, chat)
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
    groupActionType: 0,
    otherHandleId: c.handle()?.rowid ?? 0,
  })),
  'participant-removed': system('ios-9', 0.001, (c) => ({
    itemType: 1,
    groupActionType: 1,
    otherHandleId: c.handle()?.rowid ?? 0,
  })),
  'group-renamed': system('ios-9', 0.002, () => ({ itemType: 2, groupTitle: 'Segeln ⛵️ 2025' })),
  'participant-left': system('ios-9', 0.001, () => ({ itemType: 3, groupActionType: 0 })),
  'group-photo-changed': system('ios-9', 0.001, () => ({ itemType: 3, groupActionType: 1 })),
  'audio-kept': system('ios-9', 0.0005, () => ({ itemType: 5 })),
  effect: scenario('ios-10', 0.005, (c) => c.draft({ effect: c.random.pick(effects) })),
  'link-preview': scenario('ios-10', 0.015, (c) => linkMessage(c)),
  app: scenario('ios-10', 0.004, (c) =>
    c.draft({
      kind: 'app',
      balloon: game,
      payload: c.random.bytes(80),
      body: archivedBody(textRuns(appMark), null),
    }),
  ),
  'app-update': scenario('ios-10', 0.001, (c) => {
    const { chat, target } = c.target()
    return c.draft(
      { kind: 'app', balloon: game, associatedType: 2, associatedGuid: target.guid, body: noBody },
      chat,
    )
  }),
  'emoji-only': worded('ios-9', 0.02, (c) => archivedBody(textRuns(emojiText(c.random)), null)),
  'text-of-127-bytes': worded('ios-9', 0, (c) => archivedBody(textRuns(asciiText(c.random, 127)), null)),
  'text-of-128-bytes': worded('ios-9', 0, (c) => archivedBody(textRuns(asciiText(c.random, 128)), null)),
  'long-text': worded('ios-9', 0.01, (c) => archivedBody(textRuns(longText(c.random, 700)), null)),
  'text-of-64-kibibytes': worded('ios-9', 0, (c) => archivedBody(textRuns(longText(c.random, 66_000)), null)),
  'without-text': worded('ios-9', 0.001, () => noBody),
  'undecodable-with-text-column': worded('ios-9', 0, (c) => undecodableBody(c.random, 1, phrase(c.random))),
  'null-service': scenario('ios-9', 0.003, (c) => c.draft({ service: null })),
  'empty-strings': scenario('ios-9', 0.001, (c) =>
    c.draft({ service: '', subject: '', groupTitle: '', effect: '', balloon: '' }),
  ),
  subject: scenario('ios-9', 0, (c) => c.draft({ subject: 'Überfahrt' })),
  'missing-handle': scenario('ios-9', 0.001, (c) =>
    c.draft({ isFromMe: false, handleId: 90_000_000, handle: null }),
  ),
  'zero-date': scenario('ios-9', 0, (c) => c.draft({ sent: null, read: null, delivered: null, noDate: 0 })),
  'null-date': scenario('ios-9', 0, (c) =>
    c.draft({ sent: null, read: null, delivered: null, noDate: null }),
  ),
  'date-in-seconds': scenario('ios-11', 0.001, (c) => c.draft({ dateUnit: 'seconds' })),
  'sms-service': scenario('ios-9', 0, (c) => c.draft({ service: 'SMS' })),
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
    return c.draft({ body: archivedBody(textRuns(phrase(c.random)), null), summary: summaryInfo(info) })
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
