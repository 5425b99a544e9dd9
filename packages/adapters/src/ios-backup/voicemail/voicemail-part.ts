import type { DatabaseName } from '../database/database-errors.js'
import type { PhonePath } from '../manifest/file-id.js'
import { type BackupPart, missingPart } from '../parts/backup-part.js'
import { homeRegion } from '../phone-numbers/home-region.js'
import { openRecordings, recordingFileOf } from './recordings.js'
import { openVoicemails } from './voicemails.js'

const voicemailDatabase: PhonePath = { domain: 'HomeDomain', relativePath: 'Library/Voicemail/voicemail.db' }

const name: DatabaseName = {
  file: 'voicemail.db',
  what: 'The voicemail database',
  damaged: 'VOICEMAIL_DAMAGED',
}

/** Voicemails with their recordings, out of voicemail.db and the folder beside it. */
export function voicemail(): BackupPart {
  return {
    name: 'voicemail',
    async open(source) {
      const found = await source.openDatabase(voicemailDatabase, name)
      if (found.state !== 'present') return missingPart('voicemail', found.state, name)
      const { database, remarks } = found
      const columns = database.columns('voicemail')
      if (columns === null) {
        const detail = `${name.file} has no table of voicemails.`
        return { tables: [], states: [{ part: 'voicemail', state: 'absent', detail }], remarks }
      }
      const region = await homeRegion(source)
      return {
        tables: [
          { name: 'voicemails', counts: 'voicemails', table: openVoicemails(database, columns, region) },
          { name: 'recordings', counts: 'attachments', table: openRecordings(database, source) },
        ],
        states: [{ part: 'voicemail', state: 'present', detail: null }],
        remarks,
        async place(record) {
          const file = recordingFileOf(record)
          return file === null ? null : source.placeOf(file)
        },
      }
    },
  }
}
