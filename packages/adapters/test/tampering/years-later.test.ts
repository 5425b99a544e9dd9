import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '@holdfast/core'
import {
  countsOf,
  type LibraryDifference,
  parseReceipt,
  type ReceiptFacts,
  verifyLibrary,
} from '@holdfast/core/import'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SqliteDatabase } from '../../src/sqlite/index.js'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { fileNames } from '../library-fixture.js'
import { makeSpecimen, type Specimen, type SpoiledCopy } from './specimen.js'
import { addRow, removeRow, rowWhere, tablesOf } from './spoil-rows.js'
import { emptyAtRest, uncoveredRemovals } from './uncovered.js'

const { signal } = new AbortController()
const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000)
const random = new Random(`tampering ${seed}`)

let specimen: Specimen
let spoiled: SpoiledCopy
beforeAll(async () => {
  specimen = await makeSpecimen()
}, 60_000)
beforeEach(() => {
  spoiled = specimen.copy()
})
afterEach(() => spoiled.cleanUp())
afterAll(() => specimen.cleanUp())

async function found(): Promise<readonly LibraryDifference[]> {
  const check = await verifyLibrary(spoiled.library, { signal })
  const all = [...check.imports.flatMap(({ differences }) => differences), ...check.problems]
  expect(check.valid).toBe(all.length === 0)
  return all
}

const named = (difference: LibraryDifference['difference'], more: Partial<LibraryDifference> = {}) =>
  // What it matches is told by its arguments.
  expect.objectContaining({ difference, ...more }) as unknown

/** One text of a row of the library. */
function one(db: SqliteDatabase, sql: string): string {
  const row = db.prepare(`SELECT (${sql}) AS value`).get()
  if (typeof row === 'object' && row !== null && 'value' in row) return String(row.value)
  throw new Error(sql)
}

describe(`a library that was disturbed after its import was done is found out: seed ${seed}`, () => {
  it('a row was removed, from whichever table', async () => {
    for (const table of tablesOf(spoiled.db)) {
      const row = rowWhere(spoiled.db, table, '1', seed)
      if (row === null || table in uncoveredRemovals) continue
      const restore = removeRow(spoiled.db, row)
      expect((await found()).length, `${table} ${JSON.stringify([...row.key])}`).toBeGreaterThan(0)
      restore()
    }
    expect(await found()).toEqual([])
  }, 60_000)

  it('a row was added, to whichever table', async () => {
    for (const table of tablesOf(spoiled.db)) {
      // These take no copy: each id and each publication is there once.
      if (['import_rows', 'owner_rows', ...emptyAtRest].includes(table)) continue
      const row = rowWhere(spoiled.db, table, '1', seed)
      if (row === null) throw new Error(`there is nothing in ${table}`)
      const remove = addRow(spoiled.db, row)
      expect((await found()).length, `${table} ${JSON.stringify([...row.key])}`).toBeGreaterThan(0)
      remove()
    }
    expect(await found()).toEqual([])
  }, 60_000)

  it('a file that is needed was listed to be removed', async () => {
    spoiled.db.exec('INSERT INTO file_removals SELECT sha256, name FROM file_rows LIMIT 1')
    expect(await found()).toContainEqual(named('note-changed', { type: 'file' }))
  })

  it.each(['message', 'chat', 'attachment', 'contact', 'call', 'voicemail', 'unreadable'])(
    'the row of a %s has another owner',
    async (type) => {
      spoiled.db.exec(
        `UPDATE ${type}_rows SET owner = 3 - owner WHERE row = (SELECT min(row) FROM ${type}_rows)`,
      )
      const key = one(spoiled.db, `SELECT key FROM import_items WHERE type = '${type}' ORDER BY row LIMIT 1`)
      expect(await found()).toContainEqual(named('row-astray', { key }))
    },
  )

  it('the owners have each other’s data', async () => {
    spoiled.db.exec("UPDATE owner_rows SET owner = owner || ' '")
    spoiled.db.exec(
      "UPDATE owner_rows SET owner = CASE n WHEN (SELECT min(n) FROM owner_rows) THEN 'bob' ELSE 'ann' END",
    )
    expect(await found()).toContainEqual(
      named('receipt-changed', { detail: 'it was made for another owner' }),
    )
  })

  it('but an owner who was given another id is no difference', async () => {
    await spoiled.library.remapOwner({ from: 'ann', to: 'ann@example.com' })
    await spoiled.library.remapOwner({ from: 'ann@example.com', to: 'a. n.' })
    expect(await found()).toEqual([])
  })

  it('an import was removed whole, with its rows, by something that is not the library', async () => {
    spoiled.db.exec("DELETE FROM import_rows WHERE owner = (SELECT n FROM owner_rows WHERE owner = 'bob')")
    expect(await found()).toContainEqual(named('row-unlisted'))
  })

  it('a receipt has another count, another digest, or belongs to another import', async () => {
    const receipts = spoiled.db.prepare('SELECT n, receipt FROM import_rows ORDER BY n').all()
    // As the columns hold them.
    const [first, second] = receipts as { readonly n: number; readonly receipt: string }[]
    if (first === undefined || second === undefined) throw new Error('there are two imports')
    const set = (receipt: string) =>
      spoiled.db.prepare('UPDATE import_rows SET receipt = ? WHERE n = ?').run(receipt, first.n)
    const { seal: _seal, ...facts } = await parseReceipt(JSON.parse(first.receipt))
    const resealed = (changed: Partial<ReceiptFacts>) => {
      const forged: ReceiptFacts = { ...facts, ...changed }
      return JSON.stringify({ ...forged, seal: hash('sha256', canonicalJson(forged)) })
    }
    const counts = countsOf(facts)
    const onemore = { ...counts, messages: { ...counts.messages, stored: counts.messages.stored + 1 } }

    for (const damaged of ['', '{}', 'no JSON', first.receipt.replace('"seal":"', '"seal":"0')]) {
      set(damaged)
      expect(await found(), damaged).toContainEqual(named('receipt-changed'))
    }
    set(second.receipt)
    expect(await found()).toContainEqual(named('receipt-changed'))
    // Whoever can make seals is found out by what the receipt seals.
    set(resealed({ digest: '0'.repeat(64) }))
    expect(await found()).toEqual([named('digest-differs')])
    set(resealed({ counts: onemore }))
    expect(await found()).toEqual([named('counts-differ')])
    set(resealed({ source: { ...facts.source, fingerprint: '0'.repeat(64) } }))
    expect(await found()).toContainEqual(named('receipt-changed'))
    set(first.receipt)
    expect(await found()).toEqual([])
  })

  it('a row and its hash were changed together', async () => {
    const before = spoiled.db.prepare('SELECT row, hash FROM call_rows WHERE duration_ms > 0 LIMIT 2').all()
    // As the columns hold them.
    const [call, other] = before as { readonly row: number; readonly hash: string }[]
    if (call === undefined || other === undefined) throw new Error('there are no calls')
    // Two calls change places, hashes and all: each row is whole.
    const columns =
      'hash, exact, id, device, started_at, duration_ms, direction, is_answered, medium, service'
    spoiled.db.exec(
      `CREATE TEMP TABLE two AS SELECT * FROM call_rows WHERE row IN (${call.row}, ${other.row})`,
    )
    for (const [to, from] of [
      [call.row, other.row],
      [other.row, call.row],
    ]) {
      spoiled.db
        .prepare(
          `UPDATE call_rows SET (${columns}) = (SELECT ${columns} FROM two WHERE two.row = ?) WHERE row = ?`,
        )
        .run(from, to)
    }
    expect((await found()).length).toBeGreaterThan(0)
  })

  it('a view shows other things than were stored, or an index is gone', async () => {
    const sql = one(spoiled.db, "SELECT sql FROM sqlite_master WHERE name = 'messages'")
    spoiled.db.exec('DROP VIEW messages')
    expect(await found()).toEqual([named('schema-changed', { key: 'messages' })])
    spoiled.db.exec(sql.replace('SELECT guid,', "SELECT guid || '' AS guid,"))
    expect(await found()).toEqual([named('schema-changed', { key: 'messages' })])
    spoiled.db.exec(`DROP VIEW messages; ${sql}; DROP INDEX message_rows_guid`)
    expect(await found()).toEqual([named('schema-changed', { key: 'message_rows_guid' })])
  })

  it('an index leaves a row out, as the failing disk of a library does it', async () => {
    const page = Number(
      one(spoiled.db, "SELECT rootpage FROM sqlite_master WHERE name = 'message_rows_guid'"),
    )
    const size = Number(one(spoiled.db, 'SELECT page_size FROM pragma_page_size'))
    spoiled.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    spoiled.reopen(() => {
      const path = join(spoiled.folder, 'library.db')
      const bytes = readFileSync(path)
      // The last bytes of a page of an index are those of a key.
      const at = page * size - 4
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(path, bytes)
    })
    expect(await found()).toContainEqual(named('database-damaged', { key: 'message_rows' }))
  })
})

describe(`a file of a library that was disturbed is found out: seed ${seed}`, () => {
  const root = () => join(spoiled.folder, 'attachments')
  const pick = () => {
    // One that is empty has no byte to change.
    const names = fileNames(root()).filter((name) => statSync(join(root(), name)).size > 0)
    const at = random.integer(0, names.length - 1)
    return [names[at] ?? '', names[(at + 1) % names.length] ?? ''] as const
  }
  const keyOfFile = (name: string) =>
    one(
      spoiled.db,
      `SELECT i.key FROM attachment_rows a JOIN import_items i ON i.type = 'attachment' AND i.row = a.row
       WHERE a.sha256 = '${name.slice(3, 67)}' ORDER BY i.import, i.seq LIMIT 1`,
    )

  it('with one other byte', async () => {
    for (let times = 0; times < 8; times++) {
      const [name] = pick()
      const bytes = readFileSync(join(root(), name))
      const at = random.integer(0, bytes.length - 1)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7))
      writeFileSync(join(root(), name), bytes)
      expect(await found(), `${name} at ${at}`).toContainEqual(
        named('file-changed', { key: keyOfFile(name) }),
      )
    }
  })

  it('cut off, or longer', async () => {
    const [name, other] = pick()
    writeFileSync(join(root(), name), readFileSync(join(root(), name)).subarray(1))
    writeFileSync(join(root(), other), Buffer.concat([readFileSync(join(root(), other)), Buffer.alloc(1)]))
    const all = await found()
    expect(all).toContainEqual(named('file-changed', { key: keyOfFile(name) }))
    expect(all).toContainEqual(named('file-changed', { key: keyOfFile(other) }))
  })

  it('in the place of another one', async () => {
    const [name, other] = pick()
    renameSync(join(root(), name), join(spoiled.folder, 'between'))
    renameSync(join(root(), other), join(root(), name))
    renameSync(join(spoiled.folder, 'between'), join(root(), other))
    const all = await found()
    expect(all).toContainEqual(named('file-changed', { key: keyOfFile(name) }))
    expect(all).toContainEqual(named('file-changed', { key: keyOfFile(other) }))
  })

  it('gone', async () => {
    const [name] = pick()
    unlinkSync(join(root(), name))
    expect(await found()).toContainEqual(named('file-missing', { key: keyOfFile(name) }))
  })

  it('beside one that nothing brought', async () => {
    mkdirSync(join(root(), 'ab'), { recursive: true })
    writeFileSync(join(root(), 'ab', `ab${'0'.repeat(62)}.jpg`), 'planted')
    expect(await found()).toEqual([named('file-unlisted')])
  })
})
