import { readFileSync } from 'node:fs'
import { isHoldfastError } from '@holdfast/core'
import type { AttachmentRecord } from '@holdfast/core/import'
import { iosBackup } from '../../src/ios-backup/index.js'
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
    const backup = await iosBackup({ openSqlite: openTestSqlite, scratch: task.scratch }).open(task.path, {
      signal,
    })
    try {
      const counts: Record<string, number> = {}
      const available: AttachmentRecord[] = []
      for await (const { records } of backup.read({ after: null, batchSize: 20, signal })) {
        for (const record of records) {
          const kind = record.type === 'unreadable' ? `unreadable ${record.of}` : record.type
          counts[kind] = (counts[kind] ?? 0) + 1
          if (record.type === 'attachment' && record.unavailable === null) available.push(record)
        }
      }
      for (const record of task.contents ? available : []) await backup.digest(record, signal)
      return { how: 'read', counts, parts: backup.source.parts.map(({ part, state }) => `${part} ${state}`) }
    } finally {
      await backup.close()
    }
  } catch (thrown) {
    if (isHoldfastError(thrown)) return { how: 'refused', code: thrown.code, message: thrown.message }
    return { how: 'threw', what: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }
  }
}
