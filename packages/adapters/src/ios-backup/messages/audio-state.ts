import type { MessageRecord } from '@holdfast/core/import'

/** `expire_state` of a recording that the phone has dropped. */
const expired = 1

/**
 * What becomes of a recorded voice. Nothing marks one as kept but that it is not to expire: `is_expirable` is 0, or `expire_state` went
 * past 1. Null when the message is no recording.
 */
export function audioStateOf(
  isAudio: number | null,
  isExpirable: number | null,
  expireState: number | null,
): MessageRecord['audio'] {
  if (isAudio === null || isAudio === 0) return null
  if (expireState === expired) return 'expired'
  const leaves = (isExpirable ?? 0) !== 0 && (expireState ?? 0) === 0
  return leaves ? 'temporary' : 'kept'
}
