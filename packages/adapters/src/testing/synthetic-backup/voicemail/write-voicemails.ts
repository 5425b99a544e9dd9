import type { Person } from '../contacts/people.js'
import type { BackupWriter } from '../folder/backup-writer.js'
import { generations } from '../folder/generations.js'
import type { ResolvedOptions } from '../options.js'
import { type TruthCollector, unreadableTruth } from '../truth.js'
import { voicemailFile } from '../well-known-files.js'
import { writeVoicemailDatabase } from './voicemail-database.js'
import { audioFile, audioTruth, planVoicemails, voicemailRecord } from './voicemail-plan.js'

/** Writes voicemail.db and the recordings into a backup, where it is to have them, and tells the truth of them. */
export async function writeVoicemails(
  options: ResolvedOptions,
  backup: BackupWriter,
  people: readonly Person[],
  truth: TruthCollector,
): Promise<void> {
  const { schema: version, openSqlite, random } = options
  if (options.voicemails === 0) return
  const { takenAt } = generations[version]
  const { recordingsNotInBackup, recordingsBlobMissing, unreadableVoicemails } = options.anomalies
  const anomalies = {
    notInBackup: recordingsNotInBackup,
    blobMissing: recordingsBlobMissing,
    unreadable: unreadableVoicemails,
  }
  const planned = planVoicemails(random.fork('voicemails'), options.voicemails, {
    people,
    takenAt,
    anomalies,
  })
  writeVoicemailDatabase(backup.blobPath(voicemailFile), planned, { openSqlite, version })
  await backup.adoptFile(voicemailFile)
  for (const { rowid, audio, unavailable } of planned) {
    if (unavailable === 'blob-missing') backup.addMissingBlob(audioFile(rowid), audio)
    else if (unavailable === null) backup.addFile(audioFile(rowid), audio)
  }
  for (const voicemail of planned) {
    truth.voicemail(voicemailRecord(voicemail) ?? unreadableTruth('voicemail', 'voicemail', voicemail.rowid))
  }
  for (const voicemail of planned) truth.recording(audioTruth(voicemail))
}
