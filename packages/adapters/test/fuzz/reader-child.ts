import { readFileSync } from 'node:fs'
import { isHoldfastError } from '@holdfast/core'
import type { AttachmentRecord, ImportRecord } from '@holdfast/core/import'
import { calls, contacts, iosBackup, messages, voicemail, whatsapp } from '../../src/ios-backup/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import type { Outcome, ReadingTask } from './readings.js'

/*
 * Reads backups, one after the other, and says of each in a line of JSON how that ended. A process of its own: what hangs in it, or
 * takes all of its memory, is ended from outside.
 */

const { signal } = new AbortController()
// The whole list would be too long for an argument.
const tasks: readonly ReadingTask[] = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))

for (const task of tasks) {
  process.stdout.write(`${JSON.stringify(await outcomeOf(task))}\n`)
}

async function outcomeOf(task: ReadingTask): Promise<Outcome> {
  try {
    const more = task.allParts ? [calls(), voicemail(), whatsapp()] : []
    const backup = await iosBackup({
      openSqlite: openTestSqlite,
      scratch: task.scratch,
      parts: [contacts(), messages(), ...more],
    }).open(task.path, { signal })
    try {
      const counts: Record<string, number> = {}
      const available: AttachmentRecord[] = []
      for await (const { records } of backup.read({ after: null, batchSize: 20, signal })) {
        for (const record of records) {
          const kind = kindOf(record)
          counts[kind] = (counts[kind] ?? 0) + 1
          if (record.type === 'attachment' && record.unavailable === null) available.push(record)
        }
      }
      for (const record of task.contents ? available : []) await backup.digest(record, signal)
      const { parts, remarks } = backup.source
      // Where all parts are read, what is said of missing tables counts; elsewhere outcomes are compared, and changed files are remarked on.
      const told = task.allParts ? remarks : []
      return { how: 'read', counts, remarks: told, parts: parts.map(({ part, state }) => `${part} ${state}`) }
    } finally {
      await backup.close()
    }
  } catch (thrown) {
    if (isHoldfastError(thrown)) return { how: 'refused', code: thrown.code, message: thrown.message }
    return { how: 'threw', what: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }
  }
}

/** What a record is, with the part that it is of where another part has such records, too. */
function kindOf(record: ImportRecord): string {
  const isWhatsApp = (record.type === 'unreadable' ? record.table : record.key).startsWith('whatsapp')
  const part = isWhatsApp ? 'whatsapp ' : ''
  if (record.type === 'unreadable') return `unreadable ${part}${record.of}`
  return record.type === 'attachment' && record.parent?.type === 'voicemail'
    ? 'recording'
    : `${part}${record.type}`
}
