import { HoldfastError, type Json, type StepContext } from '../index.js'
import { inWords, type Shortage } from './room-needed.js'

/** Whether a human is asked when there seems to be too little room, or only told. */
export type RoomPolicy = 'ask' | 'tell'

/**
 * Keeps with the run whether there seems to be too little room for it, where its facts tell it, and asks where the host wants that:
 * an answer of `true` goes on all the same. It is an estimate: a volume that compresses may hold more than it says.
 *
 * @throws HoldfastError `DISK_FULL` for any other answer; then nothing was stored.
 */
export async function judgeRoom(
  shortage: Shortage | null,
  policy: RoomPolicy,
  { checkpoint, saveCheckpoint, ask }: Pick<StepContext, 'checkpoint' | 'saveCheckpoint' | 'ask'>,
): Promise<void> {
  if (shortage === null) {
    if (checkpoint !== null) await saveCheckpoint(null)
    return
  }
  await saveCheckpoint({ shortOfRoom: shortage })
  if (policy === 'tell') return
  const { path, bytesNeeded, bytesFree } = shortage
  const message = `About ${inWords(bytesNeeded)} are to be stored, and ${inWords(bytesFree)} are free on the volume of ${path}. Store all the same?`
  if ((await ask({ kind: 'space', message })) === true) return
  throw new HoldfastError('DISK_FULL', 'There is too little room to store the backup', {
    hint: `Free about ${inWords(bytesNeeded - bytesFree)} more, then retry. Nothing was stored yet, and the backup is kept.`,
    facts: { ...shortage },
  })
}

/** The shortage that {@link judgeRoom} kept; null when there was none. */
export function keptShortage(checkpoint: Json | undefined): Shortage | null {
  if (typeof checkpoint !== 'object' || checkpoint === null || !('shortOfRoom' in checkpoint)) return null
  const kept = checkpoint['shortOfRoom']
  if (typeof kept !== 'object' || kept === null || !('path' in kept)) return null
  const { path, bytesNeeded, bytesFree } = kept
  if (typeof path !== 'string' || typeof bytesNeeded !== 'number' || typeof bytesFree !== 'number')
    return null
  return { path, bytesNeeded, bytesFree }
}
