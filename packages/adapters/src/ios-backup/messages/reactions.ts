import type { MessagePart, Reaction, ReactionKind } from '@holdfast/core/import'

const kinds: readonly ReactionKind[] = [
  'love',
  'like',
  'dislike',
  'laugh',
  'emphasize',
  'question',
  'emoji',
  'sticker',
]

const added = 2000
const removed = 3000

/** Whether an `associated_message_type` is a tapback: 2000 to 2007 give one, 3000 to 3007 take it back. */
export function isTapback(type: number | null): type is number {
  return kindOf(type) !== null
}

/** What a tapback says, and to what. Null when the row is no tapback or names no target. */
export function reactionOf(
  type: number | null,
  target: MessagePart | null,
  emoji: string | null,
): Reaction | null {
  const kind = kindOf(type)
  if (kind === null || type === null || target === null) return null
  return {
    targetGuid: target.guid,
    targetPart: target.part,
    kind,
    emoji: kind === 'emoji' ? emoji : null,
    removed: type >= removed,
  }
}

function kindOf(type: number | null): ReactionKind | null {
  if (type === null || type < added) return null
  return kinds[type - added] ?? kinds[type - removed] ?? null
}
