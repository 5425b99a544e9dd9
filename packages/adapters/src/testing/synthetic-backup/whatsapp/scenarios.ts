import type { SkipReason } from '@holdfast/core/import'
import { webAddress } from '../messages/phrases.js'
import type { Random } from '../random.js'
import { quotingMetadata } from './metadata.js'
import type { PlannedMedia, PlannedMessage } from './planned-message.js'

/** What a scenario works with. */
export interface Scene {
  readonly base: PlannedMessage
  /** The message before in the same conversation. */
  readonly before: PlannedMessage | null
  /** The first message of all; it is in a conversation of two. */
  readonly first: PlannedMessage | null
  readonly random: Random
  readonly media: (details?: Partial<PlannedMedia>) => PlannedMedia
}

/** A way for a message to be; what it leaves open is drawn by lot. */
export interface Scenario {
  readonly inGroup?: boolean
  readonly inNoChat?: boolean
  readonly isFromMe?: boolean
  readonly change: (scene: Scene) => Partial<PlannedMessage>
}

const wordless = { kind: 'message', text: null, textState: 'none', quoted: null } as const
const system = { kind: 'system', text: null, textState: 'none', quoted: null } as const

/** A file of a message, where WhatsApp puts it. */
function file(
  { random, media, base }: Scene,
  extension: string,
  mimeType: string,
  details: Partial<PlannedMedia> = {},
): PlannedMedia {
  const uuid = random.uuid().toLowerCase()
  const localPath = `Media/${base.chat?.jid ?? 'none'}/${uuid.slice(0, 1)}/${uuid.slice(1, 2)}/${uuid}.${extension}`
  return media({
    localPath,
    mimeType,
    content: random.bytes(random.integer(1, 6000)),
    name: `${uuid}.${extension}`,
    ...details,
  })
}

const picture = (scene: Scene, details: Partial<PlannedMedia> = {}): Partial<PlannedMessage> => ({
  type: 1,
  text: null,
  media: [file(scene, 'jpg', 'image/jpeg', details)],
  expected: wordless,
})

/** A file that the backup does not hold, or should not be looked for. */
const lost = (unavailable: SkipReason, localPath?: string): Scenario => ({
  change: (scene) =>
    picture(scene, {
      unavailable,
      ...(localPath === undefined ? {} : { localPath, name: localPath.split('/').at(-1) ?? null }),
    }),
})

/** What messages are like most of the time. */
export const common: readonly Scenario[] = [
  ...Array.from({ length: 7 }, (): Scenario => ({ change: () => ({}) })),
  { change: (scene) => picture(scene) },
  {
    change: (scene) => ({
      ...picture(scene),
      type: 3,
      media: [file(scene, 'opus', 'audio/ogg; codecs=opus')],
    }),
  },
]

/** One of each kind of message and of each oddity, planted in this order. */
export const scenarios: readonly Scenario[] = [
  { inGroup: false, isFromMe: false, change: () => ({}) },
  { inGroup: true, isFromMe: false, change: () => ({}) },
  // One that has no id, one that has the id of an earlier one, and one whose id could pass for something else.
  { inGroup: false, change: () => ({ stanza: null }) },
  {
    inGroup: false,
    change: ({ base, first }) => ({ chat: first?.chat ?? base.chat, stanza: first?.stanza ?? null }),
  },
  { inGroup: false, change: () => ({ stanza: 'A:B#7' }) },
  { inNoChat: true, change: () => ({}) },
  { change: () => ({ at: null }) },
  // An answer, and an answer to what is not there any more.
  {
    inGroup: true,
    change: ({ base, before, media }) => {
      const quoted = before?.stanza ?? '3EB0NOTHERE'
      return {
        media: [media({ metadata: quotingMetadata(quoted) })],
        expected: { ...base.expected, quoted },
      }
    },
  },
  { change: ({ media }) => ({ media: [media({ metadata: Buffer.from([0x2a, 0x14, 0x33]) })] }) },
  { change: ({ media }) => ({ media: [media({ metadata: Buffer.from([0x18, 0x01, 0x22, 0x01, 0x41]) })] }) },
  {
    change: (scene) => ({
      ...picture(scene, { title: 'Am Hafen ⚓' }),
      expected: { ...wordless, text: 'Am Hafen ⚓', textState: 'plain' },
    }),
  },
  { change: (scene) => ({ ...picture(scene), type: 2, media: [file(scene, 'mp4', 'video/mp4')] }) },
  { change: (scene) => ({ ...picture(scene), type: 11, media: [file(scene, 'mp4', 'video/mp4')] }) },
  { change: (scene) => ({ ...picture(scene), type: 15, media: [file(scene, 'webp', 'image/webp')] }) },
  // Two documents of one name.
  { change: (scene) => document(scene) },
  { change: (scene) => document(scene) },
  {
    change: ({ base, random }) => {
      const text = `Look ${webAddress(random)}`
      return { type: 7, text, expected: { ...base.expected, text } }
    },
  },
  {
    change: ({ media }) => ({
      type: 4,
      text: null,
      media: [media({ cardName: 'Ada_$!<Name-Separator>!$_Søren', mimeType: 'BEGIN:VCARD\nEND:VCARD' })],
      expected: { ...wordless, text: 'Ada, Søren', textState: 'decoded' },
    }),
  },
  {
    change: ({ media }) => ({
      type: 5,
      text: null,
      media: [media({ title: 'Plymouth Hoe', place: [50.364, -4.142] })],
      expected: { ...wordless, text: 'Plymouth Hoe geo:50.364,-4.142', textState: 'decoded' },
    }),
  },
  { inGroup: true, change: () => ({ type: 6, text: null, member: null, expected: system }) },
  {
    inGroup: true,
    change: () => ({ type: 6, text: 'Chor 2', expected: { ...system, text: 'Chor 2', textState: 'plain' } }),
  },
  { change: () => ({ type: 10, text: null, expected: system }) },
  { change: () => ({ type: 59, text: null, expected: system }) },
  { change: () => ({ type: 14, text: null, expected: { ...wordless, kind: 'unsent' } }) },
  // A type that nobody has told of yet: its words may be anywhere.
  { change: () => ({ type: 4711, text: null, expected: { ...wordless, textState: 'undecodable' } }) },
  { change: () => ({ text: Buffer.from([0xff, 0x00]) }) },
  lost('not-in-backup'),
  lost('blob-missing'),
  {
    change: (scene) => picture(scene, { localPath: null, content: null, name: null, unavailable: 'no-path' }),
  },
  { change: (scene) => picture(scene, { localPath: '', content: null, name: null, unavailable: 'no-path' }) },
  lost('invalid-path', 'Media/../../../ChatStorage.sqlite'),
  lost('invalid-path', '../../HomeDomain/Library/SMS/sms.db'),
  // Paths as other versions write them.
  { change: (scene) => picture(scene, { localPath: '/Media/old/1.jpg', name: '1.jpg' }) },
  { change: (scene) => picture(scene, { localPath: 'Message/Media/new/2.jpg', name: '2.jpg' }) },
  // Two files on one message.
  {
    change: (scene) => ({
      ...picture(scene),
      media: [file(scene, 'jpg', 'image/jpeg'), file(scene, 'jpg', 'image/jpeg')],
    }),
  },
  { inNoChat: true, change: (scene) => picture(scene) },
]

function document(scene: Scene): Partial<PlannedMessage> {
  const title = 'Vertrag.pdf'
  return {
    type: 8,
    media: [file(scene, 'pdf', 'application/pdf', { title, name: title })],
  }
}
