/**
 * What importing a backup again costs, beside its first import:
 *   npm run bench:reimport -- [messages] [attachments] [--folder DIR]
 *
 * Once unchanged, once with fifty messages changed, once in full although nothing changed (`force`). Each import is a process of its own.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { sqliteJournal, sqliteLibrary } from '@holdfast/adapters/sqlite'
import { makeSyntheticBackup, openTestSqlite } from '@holdfast/adapters/testing'
import { createRunner } from '@holdfast/core'
import { backupImport } from '@holdfast/core/import'
import { fileIdOf, messageDatabase } from '../src/ios-backup/manifest/file-id.js'
import { figure, print, printTable } from './engine/table.js'

const { values: words, positionals } = parseArgs({
  options: { folder: { type: 'string' }, role: { type: 'string' }, force: { type: 'boolean' } },
  allowPositionals: true,
})

/** What an import cost, and what it left. */
interface Cost {
  readonly seconds: number
  /** Seconds on the processor. */
  readonly cpu: number
  /** Rows of messages and attachments that it added. */
  readonly rows: number
  readonly megabytes: number
  readonly rss: number
  readonly isLeft: boolean
}

/** This program once more, in another role and another process. */
function other(role: string, ...more: string[]): string {
  const script = fileURLToPath(import.meta.url)
  const child = spawnSync(process.execPath, [...process.execArgv, script, '--role', role, ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`'${role}' ended with ${child.status ?? child.signal}`)
  return child.stdout.trim()
}

async function make(folder: string, messages: number, attachments: number): Promise<string> {
  const into = join(folder, 'backups')
  const { path } = await makeSyntheticBackup({ into, seed: 1, messages, attachments, truth: false })
  return path
}

/** Changes fifty messages, as if their subjects had been edited on the phone, which it wrote into the backup. */
function change(backup: string): void {
  const fileId = fileIdOf(messageDatabase)
  const db = openTestSqlite(join(backup, fileId.slice(0, 2), fileId), { readonly: false })
  db.exec(
    "UPDATE message SET subject = 'Changed' WHERE ROWID IN (SELECT ROWID FROM message ORDER BY ROWID DESC LIMIT 50)",
  )
  db.close()
}

async function importOnce(folder: string, path: string, force: boolean): Promise<Cost> {
  const database = join(folder, 'library.db')
  const db = openTestSqlite(database, { readonly: false })
  const library = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments')))
  const saga = backupImport({
    device: backupFolder(),
    reader: iosBackup({ openSqlite: openTestSqlite, scratch: join(folder, 'scratch') }),
    storage: library,
  })
  await library.imports()
  const count = db.prepare(
    'SELECT (SELECT count(*) FROM message_rows) + (SELECT count(*) FROM attachment_rows) AS n',
  )
  // One row with one column.
  const rows = () => (count.get() as { n: number }).n
  const bytes = () => {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return statSync(database).size
  }
  const [rowsBefore, bytesBefore] = [rows(), bytes()]
  const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
  const [started, used] = [performance.now(), process.cpuUsage()]
  const run = await runner.start(saga, { path, force })
  const outcome = await run.outcome()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(used)
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  await runner.shutdown()
  const cost = {
    seconds,
    cpu: (user + system) / 1e6,
    rows: rows() - rowsBefore,
    megabytes: (bytes() - bytesBefore) / 1e6,
    rss: process.resourceUsage().maxRSS / 1024,
    isLeft: JSON.stringify(outcome.outputs['store']).includes('unchangedSince'),
  }
  db.close()
  return cost
}

function main(messages: number, attachments: number): void {
  const folder = mkdtempSync(join(words.folder ?? tmpdir(), 'holdfast-bench-'))
  try {
    const backup = other('make', folder, String(messages), String(attachments))
    // What `importOnce` printed in the other process.
    const importIt = (...more: string[]) => JSON.parse(other('import', folder, backup, ...more)) as Cost
    const first = importIt()
    const again = importIt()
    if (!again.isLeft) throw new Error('the unchanged backup was read again')
    other('change', backup)
    const changed = importIt()
    const forced = importIt('--force')
    if (changed.isLeft || forced.isLeft) throw new Error('a backup that had to be read was not')
    const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`
    const row = (name: string, cost: Cost): string[] => [
      name,
      `${figure(cost.seconds)} s`,
      share(cost.seconds, first.seconds),
      `${figure(cost.cpu)} s`,
      share(cost.cpu, first.cpu),
      figure(cost.rows),
      `${figure(cost.megabytes)} MB`,
      `${figure(cost.rss)} MiB`,
    ]
    print(`${figure(messages)} messages, ${figure(attachments)} attachments`)
    printTable(
      [
        'import',
        'time',
        'of the first',
        'processor',
        'of the first',
        'rows added',
        'database grew by',
        'peak RSS',
      ],
      [
        row('first', first),
        row('unchanged', again),
        row('fifty messages changed', changed),
        row('unchanged, `force`', forced),
      ],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [first = '', second = '', third = ''] = positionals
if (words.role === 'make') print(await make(first, Number(second), Number(third)))
else if (words.role === 'change') change(first)
else if (words.role === 'import') print(JSON.stringify(await importOnce(first, second, words.force === true)))
else main(Number(first) || 600_000, Number(second) || 60_000)
