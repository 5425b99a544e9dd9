import { HoldfastError } from '@holdfast/core'
import type { DatabaseName } from '../database/database-errors.js'
import { messageDatabase } from '../manifest/file-id.js'
import type { BackupPart } from '../parts/backup-part.js'
import { openMessageDatabase } from './message-database.js'

const name: DatabaseName = { file: 'sms.db', what: 'The message database', damaged: 'MESSAGES_DAMAGED' }

/**
 * iMessage and SMS: conversations, messages and their attachments, out of sms.db. A backup without sms.db is refused with
 * `MESSAGES_MISSING`: whoever chooses messages means to have them.
 */
export function messages(): BackupPart {
  return {
    name: 'messages',
    async open(source) {
      const found = await source.openDatabase(messageDatabase, name)
      if (found.state !== 'present') throw messagesMissing(found.state)
      const part = openMessageDatabase(found.database, source)
      return { ...part, remarks: [...found.remarks, ...part.remarks] }
    },
  }
}

function messagesMissing(state: 'absent' | 'blob-missing'): HoldfastError {
  return new HoldfastError(
    'MESSAGES_MISSING',
    state === 'absent'
      ? 'The backup lists no message database'
      : 'The backup lists a message database, but its file is not on disk',
    {
      hint:
        state === 'absent'
          ? 'Use a full backup of an iPhone; backups of some apps or devices hold no messages.'
          : 'The backup was copied incompletely: copy all of it, or make it again.',
      retryable: false,
      facts: { state },
    },
  )
}
