import type { MessagePart } from '@holdfast/core/import'

/**
 * What an `associated_message_guid` names: `p:<part>/<guid>` for one part of a message, `bp:<guid>` for the balloon of a link or an
 * app, or a bare guid. Null when it names nothing.
 */
export function messagePartOf(target: string | null): MessagePart | null {
  if (target === null) return null
  const [, part, guid] = /^(?:p:(\d{1,9})\/|bp:)?(.+)$/s.exec(target) ?? []
  return guid === undefined ? null : { guid, part: part === undefined ? null : Number(part) }
}

/** The part that `thread_originator_part` names, such as 0 of `0:0:12` (a part, and the range of its text). Null when it names none. */
export function answeredPart(value: string | null): number | null {
  const part = value === null ? undefined : /^(\d{1,9})(?::|$)/.exec(value)?.[1]
  return part === undefined ? null : Number(part)
}
