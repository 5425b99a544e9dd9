import type { MessageKind, SkipReason, TextState } from '@holdfast/core/import'
import type { PlannedChat, PlannedMember } from './chat-plan.js'

/** A row of `ZWAMEDIAITEM`, and its file where it has one. */
export interface PlannedMedia {
  readonly pk: number
  /** As the column holds it. */
  readonly localPath: string | null
  readonly title: string | null
  readonly mimeType: string | null
  readonly cardName: string | null
  readonly place: readonly [latitude: number, longitude: number] | null
  readonly metadata: Uint8Array | null
  /** Content of the file; null for an item that is none. */
  readonly content: Uint8Array | null
  /** Name that a reader should find. */
  readonly name: string | null
  readonly unavailable: SkipReason | null
}

/** A row of `ZWAMESSAGE` and what a reader should make of what cannot be seen from the row at once. */
export interface PlannedMessage {
  readonly pk: number
  /** Null and one that does not exist stand for a message in no conversation. */
  readonly chat: PlannedChat | null
  readonly stanza: string | null
  readonly isFromMe: boolean
  readonly type: number
  /** Unix milliseconds. */
  readonly at: number | null
  /** Member of the group who wrote it. */
  readonly member: PlannedMember | null
  /** As the column holds it; bytes make the row unreadable. */
  readonly text: string | Uint8Array | null
  readonly media: readonly PlannedMedia[]
  readonly expected: {
    readonly kind: MessageKind
    readonly text: string | null
    readonly textState: TextState
    /** Stanza id of the message of the same conversation that it answers. */
    readonly quoted: string | null
  }
}
