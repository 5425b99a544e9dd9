import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blobPath, openTestSqlite } from '../../src/testing/index.js'
import { changeDatabase, copyOf, makeVictim, type Victim } from './hostile-case.js'
import {
  changeHeader,
  computedColumn,
  endlessView,
  exponentialSchema,
  exponentialTree,
  journalNaming,
  reencode,
  rewriteSchema,
  virtualTable,
} from './hostile-databases.js'
import { type Outcome, Readings, type ReadingTask } from './readings.js'

/** What reading has to end with: all records of the untouched backup, or one of these codes. */
type Verdict = 'read' | readonly string[]

interface Attack {
  readonly verdict: Verdict
  readonly on: (victim: Victim) => unknown
  /** Whether the contents of attachments are read; not those that are without end. @default true */
  readonly contents?: false
}

const messages = ['MESSAGES_DAMAGED']
const contacts = ['CONTACTS_DAMAGED']
const manifest = ['MANIFEST_DAMAGED']
const terabyte = 2 ** 40
let precious: string

const attacks: Readonly<Record<string, Attack>> = {
  'nothing at all': { verdict: 'read', on: () => {} },

  ...Object.fromEntries(
    [
      'message',
      'attachment',
      'chat',
      'handle',
      'chat_message_join',
      'chat_handle_join',
      'message_attachment_join',
    ].map((table) => [
      `a view without end in place of the table ${table}`,
      { verdict: messages, on: (v: Victim) => endlessView(v.messages, table) },
    ]),
  ),
  ...Object.fromEntries(
    ['ABPerson', 'ABMultiValue', 'ABMultiValueLabel', 'ABMultiValueEntry'].map((table) => [
      `a view without end in place of the table ${table}`,
      { verdict: contacts, on: (v: Victim) => endlessView(v.contacts, table) },
    ]),
  ),
  'a view without end in place of the list of files': {
    verdict: manifest,
    on: (v) => endlessView(v.manifest, 'Files'),
  },
  'a view that calls itself a table in the schema': {
    verdict: messages,
    on: (v) => {
      changeDatabase(
        v.messages,
        'ALTER TABLE chat RENAME TO c',
        'CREATE TABLE chat (guid, style, chat_identifier TEXT DEFAULT 12345678)',
      )
      rewriteSchema(
        v.messages,
        'CREATE TABLE chat (guid, style, chat_identifier',
        'CREATE VIEW chat AS SELECT 1 guid',
      )
    },
  },
  'a virtual table in place of messages': {
    verdict: messages,
    on: (v) => virtualTable(v.messages, 'message', ['guid', 'text', 'date', 'handle_id', 'is_from_me']),
  },
  'a guid that takes a second to compute': {
    verdict: messages,
    on: (v) => computedColumn(v.messages, 'chat', 'guid'),
  },
  'a column that says it is the row id': {
    verdict: messages,
    on: (v) =>
      changeDatabase(
        v.messages,
        'ALTER TABLE chat RENAME TO c',
        "CREATE TABLE chat (rowid TEXT, guid TEXT); INSERT INTO chat SELECT 'x', guid FROM c",
      ),
  },
  'a table without row ids': {
    verdict: messages,
    on: (v) =>
      changeDatabase(
        v.messages,
        'ALTER TABLE chat RENAME TO c',
        'CREATE TABLE chat (guid TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO chat SELECT guid FROM c',
      ),
  },
  'triggers on every table': {
    verdict: 'read',
    on: (v) =>
      changeDatabase(
        v.messages,
        "CREATE TRIGGER a AFTER INSERT ON message BEGIN SELECT RAISE(ABORT, 'no'); END",
        'CREATE TRIGGER b BEFORE DELETE ON chat BEGIN DELETE FROM message; END',
      ),
  },
  'checks that never hold and take seconds': {
    verdict: 'read',
    on: (v) => {
      changeDatabase(
        v.messages,
        `CREATE TABLE slow (x CHECK (length(hex(zeroblob(40000000))) < 0), note TEXT DEFAULT '${'-'.repeat(80)}')`,
      )
    },
  },
  'indexes over expressions': {
    verdict: 'read',
    on: (v) => changeDatabase(v.messages, 'CREATE INDEX odd ON message (length(guid) * 2) WHERE ROWID > 5'),
  },
  'columns with names that look like SQL': {
    verdict: 'read',
    on: (v) =>
      changeDatabase(
        v.messages,
        `ALTER TABLE message ADD COLUMN "a"";DROP TABLE chat--"; ALTER TABLE message ADD COLUMN "\n'"`,
      ),
  },
  'rows beyond the numbers of JavaScript': {
    verdict: messages,
    on: (v) =>
      changeDatabase(v.messages, "INSERT INTO message (ROWID, guid) VALUES (9007199254740993, 'far')"),
  },
  'a tree of messages with 300^17 pages': {
    verdict: messages,
    on: (v) => exponentialTree(v.messages, 'message'),
  },
  'a tree of persons with 300^17 pages': {
    verdict: contacts,
    on: (v) => exponentialTree(v.contacts, 'ABPerson'),
  },
  'an index of files with 300^17 pages': {
    verdict: manifest,
    on: (v) => exponentialTree(v.manifest, 'sqlite_autoindex_Files_1'),
  },
  'a schema of messages with 300^17 pages': { verdict: messages, on: (v) => exponentialSchema(v.messages) },
  'a schema of files with 300^17 pages': { verdict: manifest, on: (v) => exponentialSchema(v.manifest) },
  'a schema that is no SQL': {
    verdict: messages,
    on: (v) => rewriteSchema(v.messages, 'CREATE TABLE', 'CREATE CABLE'),
  },
  'a schema with a thousand tables': {
    verdict: 'read',
    on: (v) =>
      changeDatabase(
        v.messages,
        Array.from({ length: 1000 }, (_, index) => `CREATE TABLE t${index} (x);`).join(''),
      ),
  },
  'a schema with a table of ten thousand columns': {
    verdict: messages,
    on: (v) => {
      const columns = Array.from({ length: 1990 }, (_, index) => `c${index} TEXT`).join(', ')
      changeDatabase(v.messages, `CREATE TABLE wide (${columns}, z${'z'.repeat(60)})`)
      rewriteSchema(v.messages, `z${'z'.repeat(60)}`, Array.from({ length: 30 }, () => 'a').join(','))
    },
  },
  ...Object.fromEntries(
    ['UTF-16le', 'UTF-16be'].map((encoding) => [
      `texts in ${encoding}`,
      { verdict: 'read', on: (v: Victim) => reencode(v.messages, encoding) },
    ]),
  ),
  'a header with odd versions of its own': {
    verdict: 'read',
    on: (v) => changeDatabase(v.messages, 'PRAGMA user_version = -1; PRAGMA application_id = 252006673'),
  },
  'a header of a format to come': { verdict: messages, on: (v) => changeHeader(v.messages, 19, 9, 1) },
  'a header with a schema format to come': {
    verdict: messages,
    on: (v) => changeHeader(v.messages, 44, 9, 4),
  },
  'a header with another page size': { verdict: messages, on: (v) => changeHeader(v.messages, 16, 512, 2) },
  'a header with no page size': { verdict: messages, on: (v) => changeHeader(v.messages, 16, 3, 2) },
  'a header that reserves most of each page': {
    verdict: messages,
    on: (v) => changeHeader(v.messages, 20, 255, 1),
  },
  'a header with four billion pages': {
    verdict: messages,
    on: (v) => changeHeader(v.messages, 28, 0xffff_ffff, 4),
  },
  'a header with an encoding that is none': {
    verdict: messages,
    on: (v) => changeHeader(v.messages, 56, 7, 4),
  },

  'a write-ahead log of noise': {
    verdict: 'read',
    on: (v) => sideFile(v, '-wal', createHash('sha512').digest()),
  },
  'a journal of noise': {
    verdict: 'read',
    on: (v) => sideFile(v, '-journal', createHash('sha512').digest()),
  },
  'a journal that has another file deleted': {
    verdict: ['BACKUP_UNSAFE'],
    on: (v) => sideFile(v, '-journal', journalNaming(precious, v.messages)),
  },

  ...Object.fromEntries(
    ['Info.plist', 'Manifest.plist', 'Status.plist'].flatMap((name): [string, Attack][] => [
      [`a pipe in place of ${name}`, { verdict: 'read', on: (v) => pipe(join(v.path, name)) }],
      [`a folder in place of ${name}`, { verdict: 'read', on: (v) => folderAt(join(v.path, name)) }],
      [`a terabyte of nothing in place of ${name}`, { verdict: 'read', on: (v) => hole(join(v.path, name)) }],
      [
        `a link to an endless device in place of ${name}`,
        { verdict: ['BACKUP_UNSAFE'], on: (v) => link(join(v.path, name)) },
      ],
    ]),
  ),
  ...Object.fromEntries(
    (['manifest', 'messages', 'contacts'] as const).flatMap((file): [string, Attack][] => [
      [`a pipe in place of ${file}`, { verdict: missing(file), on: (v) => pipe(v[file]) }],
      [`a folder in place of ${file}`, { verdict: missing(file), on: (v) => folderAt(v[file]) }],
      [
        `a terabyte of nothing behind ${file}`,
        { verdict: ['BACKUP_INVALID'], on: (v) => truncateSync(v[file], terabyte) },
      ],
      [
        `a terabyte of nothing in place of ${file}`,
        { verdict: ['BACKUP_INVALID', ...manifest], on: (v) => hole(v[file]) },
      ],
      [
        `a link to an endless device in place of ${file}`,
        { verdict: ['BACKUP_UNSAFE'], on: (v) => link(v[file]) },
      ],
    ]),
  ),
  'a pipe in place of an attachment': { verdict: 'read', on: (v) => pipe(anAttachment(v)) },
  'a folder in place of an attachment': { verdict: 'read', on: (v) => folderAt(anAttachment(v)) },
  'a terabyte of nothing in place of an attachment': {
    verdict: 'read',
    on: (v) => hole(anAttachment(v)),
    contents: false,
  },
  'a link to an endless device in place of an attachment': {
    verdict: ['BACKUP_UNSAFE'],
    on: (v) => link(anAttachment(v)),
  },
  'a row of 30 MB of text': {
    verdict: 'read',
    on: (v) =>
      changeDatabase(
        v.messages,
        'UPDATE message SET subject = hex(zeroblob(15000000)) WHERE ROWID = (SELECT max(ROWID) FROM message)',
      ),
  },
  'details of files that are no archives': {
    verdict: 'read',
    on: (v) =>
      changeDatabase(v.manifest, "UPDATE Files SET file = CAST('bplist00' AS BLOB) || randomblob(200)"),
  },
}

/** What follows when something else than a file is where a database should be. */
function missing(file: 'manifest' | 'messages' | 'contacts'): Verdict {
  return { manifest, messages: ['MESSAGES_MISSING'], contacts: 'read' as const }[file]
}

let folder: string
let readings: Readings
const outcomes = new Map<string, Outcome>()
let untouched: Outcome | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-hostile-'))
  precious = join(folder, 'precious.txt')
  writeFileSync(precious, 'not of the backup')
  readings = await Readings.begin()
  const victim = await makeVictim(join(folder, 'base'))
  const tasks: (ReadingTask & { readonly name: string })[] = []
  for (const [index, [name, { on, contents = true }]] of Object.entries(attacks).entries()) {
    const path = join(folder, String(index))
    await on(await copyOf(victim, path))
    const scratch = join(folder, 'scratch', String(index))
    await mkdir(scratch, { recursive: true })
    tasks.push({ name, path, scratch, contents, allParts: false })
  }
  const ends = await readings.read(tasks)
  for (const [index, { name }] of tasks.entries()) {
    const end = ends[index]
    if (end !== undefined) outcomes.set(name, end)
  }
  untouched = outcomes.get('nothing at all')
}, 900_000)

afterAll(async () => {
  readings.end()
  await rm(folder, { recursive: true, force: true })
})

describe('a backup with', () => {
  it.each(Object.entries(attacks))('%s is read whole or refused', (name, { verdict }) => {
    const outcome = outcomes.get(name)
    if (verdict === 'read') {
      expect(outcome).toMatchObject({ how: 'read' })
      if (!/contacts/.test(name)) expect(outcome).toEqual(untouched)
    } else {
      expect(outcome).toMatchObject({
        how: 'refused',
        code: expect.stringMatching(`^(${verdict.join('|')})$`),
      })
    }
  })
})

it('nothing outside of a backup is deleted, and no private copy is left', async () => {
  expect(readFileSync(precious, 'utf8')).toBe('not of the backup')
  for (const name of await readdir(join(folder, 'scratch'))) {
    expect(await readdir(join(folder, 'scratch', name))).toEqual([])
  }
})

it('the untouched backup has records of all kinds, so that the others are compared with something', () => {
  expect(untouched).toMatchObject({
    how: 'read',
    counts: { contact: 10, message: 120, attachment: expect.any(Number), chat: expect.any(Number) },
  })
})

function pipe(path: string): void {
  rmSync(path, { recursive: true })
  execFileSync('mkfifo', [path])
}

async function folderAt(path: string): Promise<void> {
  rmSync(path, { recursive: true })
  await mkdir(path)
}

/** A file that has a size and no contents. */
function hole(path: string): void {
  rmSync(path, { recursive: true })
  writeFileSync(path, '')
  truncateSync(path, terabyte)
}

function link(path: string): void {
  rmSync(path, { recursive: true })
  symlinkSync('/dev/zero', path)
}

/** Lists a file beside sms.db in the manifest, and puts it there. */
function sideFile(victim: Victim, suffix: '-wal' | '-journal', bytes: Uint8Array): void {
  const relativePath = `Library/SMS/sms.db${suffix}`
  const path = blobPath(victim.path, { domain: 'HomeDomain', relativePath })
  const name = basename(path)
  mkdirSync(dirname(path), { recursive: true })
  changeDatabase(
    victim.manifest,
    `INSERT OR REPLACE INTO Files VALUES ('${name}', 'HomeDomain', '${relativePath}', 1, NULL)`,
  )
  writeFileSync(path, bytes)
}

/** The blob of an attachment that the backup holds. */
function anAttachment(victim: Victim): string {
  const db = openTestSqlite(victim.messages, { readonly: true })
  const found = db.prepare("SELECT filename FROM attachment WHERE filename LIKE '~/%'").all() as {
    filename: string
  }[]
  db.close()
  for (const { filename } of found) {
    const path = blobPath(victim.path, { domain: 'MediaDomain', relativePath: filename.slice(2) })
    if (existsSync(path)) return path
  }
  throw new Error('There is no attachment')
}
