import type { DatabaseName } from '../database/database-errors.js'
import type { PhonePath } from '../manifest/file-id.js'
import { type BackupPart, missingPart } from '../parts/backup-part.js'
import { homeRegion } from '../phone-numbers/home-region.js'
import { openCalls } from './calls.js'

const callDatabase: PhonePath = {
  domain: 'HomeDomain',
  relativePath: 'Library/CallHistoryDB/CallHistory.storedata',
}

const name: DatabaseName = {
  file: 'CallHistory.storedata',
  what: 'The call history',
  damaged: 'CALLS_DAMAGED',
}

/** The calls of the phone, out of CallHistory.storedata (iOS 8 and newer). Phones put it into encrypted backups only. */
export function calls(): BackupPart {
  return {
    name: 'calls',
    async open(source) {
      const found = await source.openDatabase(callDatabase, name)
      if (found.state !== 'present') return missingPart('calls', found.state, name)
      const { database, remarks } = found
      const columns = database.columns('ZCALLRECORD')
      if (columns === null) {
        const detail = `${name.file} has no table of calls.`
        return { tables: [], states: [{ part: 'calls', state: 'absent', detail }], remarks }
      }
      const region = await homeRegion(source)
      return {
        tables: [{ name: 'calls', counts: 'calls', table: openCalls(database, columns, region) }],
        states: [{ part: 'calls', state: 'present', detail: null }],
        remarks,
      }
    },
  }
}
