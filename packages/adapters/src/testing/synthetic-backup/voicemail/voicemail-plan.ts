import { createHash } from 'node:crypto'
import type { SkipReason, VoicemailRecord } from '@holdfast/core/import'
import type { Person } from '../contacts/people.js'
import type { Random } from '../random.js'
import type { AttachmentTruth } from '../truth.js'
import type { BackupFile } from '../well-known-files.js'

/** A row of `voicemail` and its recording. */
export interface PlannedVoicemail {
  readonly rowid: number
  /** Unix seconds; 0 and null where there is no date. */
  readonly date: number | null
  /** As the column holds it; bytes make the row unreadable. */
  readonly sender: string | Uint8Array | null
  readonly callback: string | null
  /** Whole seconds. */
  readonly duration: number
  /** Unix milliseconds, a whole second; null for one that is not among the deleted ones. */
  readonly trashedAt: number | null
  /** The recording, also where the backup lacks it. */
  readonly audio: Uint8Array
  /** Why the backup has no recording; null where it has. */
  readonly unavailable: SkipReason | null
}

/** What is missing among the recordings. */
export interface VoicemailAnomalies {
  /** Recordings that the manifest does not list. */
  readonly notInBackup: number
  /** Recordings that the manifest lists and the disk does not hold. */
  readonly blobMissing: number
  /** Rows that cannot be read; their recordings are there all the same. */
  readonly unreadable: number
}

const amrMagic = Buffer.from('#!AMR\n', 'latin1')

/** Plans `count` voicemails from these people; the anomalies come last. */
export function planVoicemails(
  random: Random,
  count: number,
  options: {
    readonly people: readonly Person[]
    readonly takenAt: number
    readonly anomalies: VoicemailAnomalies
  },
): PlannedVoicemail[] {
  const { people, takenAt, anomalies } = options
  const { notInBackup, blobMissing, unreadable } = anomalies
  const voicemails: PlannedVoicemail[] = []
  let rowid = 0
  while (voicemails.length < count) {
    rowid += random.chance(0.2) ? 2 : 1
    const left = count - voicemails.length
    const date = Math.floor(takenAt / 1000) - random.integer(60, 40_000_000)
    const sender = (people.length === 0 ? null : random.pick(people).phones[0]) ?? '+15552000004'
    const audio = Buffer.concat([amrMagic, random.bytes(random.integer(200, 9000))])
    const unavailable =
      left <= notInBackup ? 'not-in-backup' : left <= notInBackup + blobMissing ? 'blob-missing' : null
    voicemails.push({
      rowid,
      date,
      sender,
      callback: random.chance(0.9) ? sender : null,
      duration: random.integer(1, 180),
      trashedAt: random.chance(0.15) ? (date + random.integer(60, 90_000)) * 1000 : null,
      audio,
      unavailable,
      ...(left <= unreadable + notInBackup + blobMissing && unavailable === null
        ? { sender: Buffer.from([0xff]) }
        : oddities[voicemails.length]?.(date)),
    })
  }
  return voicemails
}

/** By place in the plan: a hidden caller, no date in two ways, one that was deleted, one without a length. */
const oddities: readonly ((date: number) => Partial<PlannedVoicemail>)[] = [
  () => ({ sender: null, callback: null }),
  () => ({ date: 0 }),
  () => ({ date: null, sender: '' }),
  (date) => ({ trashedAt: (date + 3600) * 1000 }),
  () => ({ duration: 0 }),
]

/** Where the recording of a row is. */
export function audioFile(rowid: number): BackupFile {
  return { domain: 'HomeDomain', relativePath: `Library/Voicemail/${rowid}.amr` }
}

/** What a reader should make of a row; null where it cannot be read. */
export function voicemailRecord(voicemail: PlannedVoicemail): VoicemailRecord | null {
  const { rowid, date, sender, callback, duration, trashedAt } = voicemail
  if (sender instanceof Uint8Array) return null
  const id = `voicemail-${rowid}`
  return {
    type: 'voicemail',
    key: id,
    id,
    sender: sender === '' ? null : sender,
    callbackNumber: callback,
    receivedAt: date === null || date === 0 ? null : date * 1000,
    durationMs: duration * 1000,
    trashedAt,
    isRead: null,
  }
}

/** What a reader should make of the recording of a row; one of a row that cannot be read is there all the same. */
export function audioTruth({ rowid, audio, unavailable }: PlannedVoicemail): AttachmentTruth {
  const id = `voicemail-${rowid}`
  const isThere = unavailable === null
  return {
    type: 'attachment',
    key: `${id}@${id}`,
    guid: id,
    parent: { type: 'voicemail', key: id },
    name: `${rowid}.amr`,
    mimeType: 'audio/amr',
    uti: null,
    isSticker: false,
    createdAt: null,
    claimedBytes: null,
    unavailable,
    part: null,
    sha256: isThere ? createHash('sha256').update(audio).digest('hex') : null,
    bytes: isThere ? audio.length : null,
  }
}
