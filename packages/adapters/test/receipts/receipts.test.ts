import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileNames } from '../library-fixture.js'
import { flip } from '../tampering/one-import.js'
import { makeSpecimen, type Specimen, type SpoiledCopy } from '../tampering/specimen.js'
import { changeValue, columnsOf, rowWhere } from '../tampering/spoil-rows.js'
import { recomputeDigest, recomputeSeal, type Sql } from './recompute-digest.js'

/** Columns that the digest does not cover, as the page says. */
const uncovered = new Set([
  'row',
  'import',
  'owner',
  'supersedes',
  'hash',
  'exact',
  'device',
  'position',
  'sha256',
  'bytes',
])
const tables = new Set([
  ...[
    'message_rows',
    'chat_rows',
    'chat_member_rows',
    'attachment_rows',
    'contact_rows',
    'contact_point_rows',
  ],
  ...['call_rows', 'call_handle_rows', 'voicemail_rows', 'unreadable_rows'],
])

let specimen: Specimen
let library: SpoiledCopy
let imports: readonly { readonly id: string; readonly receipt: string }[]
const sql: Sql = {
  // Rows as a driver gives them.
  all: (text, ...parameters) => library.db.prepare(text).all(...parameters) as ReturnType<Sql['all']>,
}
/** What a receipt says; verify made it. */
const parsed = (receipt: string) => JSON.parse(receipt) as Readonly<Record<string, unknown>>
/** Whether every import has the digest of its receipt. */
const fits = () =>
  imports.every(
    ({ id, receipt }) =>
      recomputeDigest(sql, join(library.folder, 'attachments'), id) === parsed(receipt)['digest'],
  )

/** Whether a digest is another than that of its receipt; text that was to be JSON and is none any more has no digest. */
function isOther(): boolean {
  try {
    return !fits()
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return true
    throw thrown
  }
}

beforeAll(async () => {
  specimen = await makeSpecimen()
  library = specimen.copy()
  imports = library.db.prepare('SELECT id, receipt FROM imports').all() as typeof imports
}, 60_000)
afterAll(async () => {
  library.cleanUp()
  await specimen.cleanUp()
})

describe('the receipts of a library', () => {
  it('are recomputed from its tables and files by what their documentation says', () => {
    expect(imports).toHaveLength(4)
    expect(fits()).toBe(true)
    for (const { receipt } of imports) expect(recomputeSeal(parsed(receipt))).toBe(parsed(receipt)['seal'])
  })

  it('are others when any value of any column that they cover is another', () => {
    const missed: string[] = []
    for (const { table, column } of columnsOf(library.db)) {
      if (!tables.has(table) || uncovered.has(column)) continue
      const row = rowWhere(library.db, table, `${column} IS NOT NULL`, 3)
      if (row === null) continue
      const restore = changeValue(library.db, row, column)
      if (!isOther()) missed.push(`${table}.${column}`)
      restore()
    }
    expect(missed).toEqual([])
    expect(fits()).toBe(true)
  }, 60_000)

  it('are others when a byte of a file is', () => {
    const [name = ''] = fileNames(join(library.folder, 'attachments'))
    flip(join(library.folder, 'attachments', name))
    expect(fits()).toBe(false)
    flip(join(library.folder, 'attachments', name))
    expect(fits()).toBe(true)
  })

  it('are described column by column', () => {
    const page = readFileSync(new URL('../../../../docs/receipts.md', import.meta.url), 'utf8')
    for (const { table, column } of columnsOf(library.db)) {
      if (!tables.has(table) || ['row', 'chat', 'contact', 'call'].includes(column)) continue
      expect(
        page.includes(`\`${column}\``) || page.includes(`\`${table}.${column}\``),
        `${table}.${column}`,
      ).toBe(true)
    }
  })
})
