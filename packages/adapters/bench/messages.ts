/**
 * How fast messages are read from a backup, beside a bare better-sqlite3 `iterate()` over the same rows and columns:
 *   npm run bench:messages -- [messages] [passes]
 *
 * Two backups of that many messages: in one, texts are in the `text` column; in the other every text is in `attributedBody` alone.
 * Passes alternate, so that a slow moment of the machine hits both. Memory is that of a process that only opens and reads.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { blobPath, makeSyntheticBackup, messagesFile, openTestSqlite } from '@holdfast/adapters/testing'
import { attributedBody } from '../src/testing/synthetic-backup/messages/attributed-body.js'
import { textRuns } from '../src/testing/synthetic-backup/messages/message-body.js'
import { phrase } from '../src/testing/synthetic-backup/messages/phrases.js'
import { Random } from '../src/testing/synthetic-backup/random.js'

const kinds = ['plain', 'archived'] as const
type Kind = (typeof kinds)[number]

const wanted: Readonly<Record<Kind, number>> = { plain: 0.6, archived: 0.35 }
const batchSize = 500
const { signal } = new AbortController()
const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Columns of `message` that the reader asks for, and the sender's handle. */
const bareSql = `SELECT m.ROWID, m.guid, h.id AS sender, m.is_from_me, m.date, m.date_read, m.date_delivered, m.date_edited, m.service,
  m.subject, m.text, m.attributedBody, m.message_summary_info, m.item_type, m.thread_originator_guid, m.thread_originator_part,
  m.expressive_send_style_id, m.balloon_bundle_id, m.group_title, m.associated_message_type, m.associated_message_guid,
  m.associated_message_emoji, m.group_action_type, m.other_handle, m.share_status, m.is_audio_message, m.expire_state,
  m.payload_data, m.schedule_type
  FROM message m LEFT JOIN handle h ON h.ROWID = m.handle_id ORDER BY m.ROWID`

/** Makes a backup whose messages differ in their texts alone. */
async function make(folder: string, kind: Kind, count: number): Promise<string> {
  const { path } = await makeSyntheticBackup({
    into: folder,
    seed: kind,
    messages: 0,
    attachments: 0,
    chats: 300,
    contacts: 0,
  })
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: false })
  const random = new Random(kind)
  const texts = Array.from({ length: 5000 }, () => phrase(random))
  const bodies = texts.map((text) => attributedBody(textRuns(text)))
  const ids = (table: string) =>
    (db.prepare(`SELECT ROWID AS id FROM ${table}`).all() as { id: number }[]).map(({ id }) => id)
  const handles = ids('handle')
  const chats = ids('chat')
  const insert = db.prepare(
    `INSERT INTO message (guid, text, attributedBody, handle_id, service, date, date_read, is_from_me, is_finished) VALUES (?, ?, ?, ?, 'iMessage', ?, ?, ?, 1)`,
  )
  const file = db.prepare(
    'INSERT OR IGNORE INTO chat_message_join (chat_id, message_id, message_date) VALUES (?, ?, ?)',
  )
  db.exec('BEGIN')
  for (let row = 1; row <= count; row++) {
    const at = random.integer(0, texts.length - 1)
    // Eighty minutes between messages, in nanoseconds.
    const date = 500_000_000_000_000_000n + BigInt(row) * 4_800_123_456_789n
    const plain = kind === 'plain'
    insert.run(
      random.uuid(),
      plain ? texts[at] : null,
      plain ? null : bodies[at],
      random.pick(handles),
      date,
      row % 2 === 0 ? date + 60_000_000_000n : 0,
      row % 2,
    )
    file.run(random.pick(chats), row, date)
  }
  db.exec('COMMIT')
  db.close()
  return path
}

/** Rows a second of a bare iterate(), which makes an object of each row, or an array where asked for. */
function readBare(path: string, asArrays = false): number {
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: true })
  const statement: ReturnType<typeof db.prepare> & { raw?(on: boolean): unknown } = db.prepare(bareSql)
  statement.raw?.(asArrays)
  const started = performance.now()
  let rows = 0
  for (const _ of statement.iterate()) rows++
  const rate = rows / (performance.now() - started)
  db.close()
  return rate * 1000
}

/** Messages a second of the reader, opening the backup aside. */
async function readBackup(path: string, scratch: string): Promise<number> {
  const backup = await iosBackup({ openSqlite: openTestSqlite, scratch }).open(path, { signal })
  const started = performance.now()
  let messages = 0
  for await (const { records } of backup.read({ after: null, batchSize, signal })) {
    for (const record of records) if (record.type === 'message') messages++
  }
  const rate = messages / (performance.now() - started)
  await backup.close()
  return rate * 1000
}

/** This program once more, in another role and another process; gives its last line. */
function other(...words: string[]): string {
  const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`'${words[0]}' ended with ${child.status ?? child.signal}`)
  return child.stdout.trim()
}

function spread(values: readonly number[], digits = 0): string {
  const sorted = [...values].sort((a, b) => a - b)
  const show = (value = 0) =>
    value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
  return `${show(sorted[sorted.length >> 1])} (${show(sorted[0])}–${show(sorted.at(-1))})`
}

async function main(count: number, passes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    print(
      `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; ${count} messages, ${passes} passes`,
    )
    print(
      '| texts | bare iterate(), rows a second | the same as arrays | reader, messages a second | reader / bare | peak RSS |',
    )
    print('| --- | --- | --- | --- | --- | --- |')
    for (const kind of kinds) {
      const path = other('make', folder, kind, String(count))
      const bare: number[] = []
      const arrays: number[] = []
      const reader: number[] = []
      for (let pass = 0; pass < passes; pass++) {
        bare.push(readBare(path))
        arrays.push(readBare(path, true))
        reader.push(await readBackup(path, join(folder, 'scratch')))
      }
      const ratios = bare.map((rate, pass) => (reader[pass] ?? 0) / rate)
      const rss = Number(other('read', folder, path))
      print(
        `| ${kind} | ${spread(bare)} | ${spread(arrays)} | ${spread(reader)} | ${spread(ratios, 2)}, wanted ${wanted[kind]} | ${Math.round(rss / 2 ** 20)} MiB |`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [role = '', ...rest] = process.argv.slice(2)
if (role === 'make') {
  const [folder = '', kind, count] = rest
  print(await make(folder, kind === 'plain' ? 'plain' : 'archived', Number(count)))
} else if (role === 'read') {
  const [folder = '', path = ''] = rest
  await readBackup(path, join(folder, 'scratch'))
  // Kilobytes on Linux and macOS.
  print(String(process.resourceUsage().maxRSS * 1024))
} else await main(Number(role) || 1_000_000, Number(rest[0]) || 5)
