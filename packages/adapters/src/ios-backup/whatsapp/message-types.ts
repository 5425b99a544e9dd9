import type { MessageKind } from '@holdfast/core/import'

/** `ZWAMESSAGE.ZMESSAGETYPE`, as far as it is known what they mean. */
export const messageTypes = {
  text: 0,
  image: 1,
  video: 2,
  audio: 3,
  contact: 4,
  location: 5,
  groupEvent: 6,
  link: 7,
  document: 8,
  groupCall: 10,
  gif: 11,
  deleted: 14,
  sticker: 15,
  callEvent: 59,
} as const

const known = new Set<number>(Object.values(messageTypes))
const systemTypes = new Set<number>([messageTypes.groupEvent, messageTypes.groupCall, messageTypes.callEvent])
const captionTypes = new Set<number>([messageTypes.image, messageTypes.video, messageTypes.gif])

/** Messages of these types have a file, also where it was never downloaded. */
export const fileTypes: readonly number[] = [
  messageTypes.image,
  messageTypes.video,
  messageTypes.audio,
  messageTypes.document,
  messageTypes.gif,
  messageTypes.sticker,
]

/** What a message of a type is. */
export function kindOf(type: number | null): MessageKind {
  if (type === messageTypes.deleted) return 'unsent'
  return type !== null && systemTypes.has(type) ? 'system' : 'message'
}

/** Whether the words of a message of this type stand as the title of its media. */
export function hasCaption(type: number | null): boolean {
  return type !== null && captionTypes.has(type)
}

/** Whether it is known where a message of this type has its words; of any other an empty text does not say that there are none. */
export function isKnown(type: number | null): boolean {
  return type === null || known.has(type)
}
