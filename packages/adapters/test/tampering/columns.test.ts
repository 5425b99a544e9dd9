import { type LibraryDifference, verifyLibrary } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSpecimen, type Specimen, type SpoiledCopy } from './specimen.js'
import { changeValue, columnsOf, type RowName, rowWhere, valueIn } from './spoil-rows.js'
import { coveredRows, emptyAtRest, uncoveredColumns } from './uncovered.js'

const { signal } = new AbortController()
const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000)

let specimen: Specimen
let spoiled: SpoiledCopy
beforeAll(async () => {
  specimen = await makeSpecimen()
  spoiled = specimen.copy()
}, 60_000)
afterAll(async () => {
  spoiled.cleanUp()
  await specimen.cleanUp()
})

/** What verifying finds now, years later. */
async function found(): Promise<readonly LibraryDifference[]> {
  const check = await verifyLibrary(spoiled.library, { signal })
  const all = [...check.imports.flatMap(({ differences }) => differences), ...check.problems]
  expect(check.valid).toBe(all.length === 0)
  return all
}

/** Changes a column of a row, and gives what is found; the library is as it was afterwards. */
async function changed(row: RowName, column: string): Promise<readonly LibraryDifference[]> {
  const restore = changeValue(spoiled.db, row, column)
  try {
    return await found()
  } finally {
    restore()
    // Reading a library notes the files that it found damaged, to write them again.
    spoiled.db.exec('UPDATE file_rows SET suspect = 0')
  }
}

/** Key of the item that a row, or the row that it is a part of, belongs to; null for rows of no item. */
function keyOf({ table, key }: RowName): string | null {
  const parents: Readonly<Record<string, string>> = {
    chat_member_rows: 'chat',
    call_handle_rows: 'call',
    contact_point_rows: 'contact',
  }
  const parent = parents[table]
  const type = parent ?? table.replace(/_rows$/, '')
  const row = key.get(parent ?? 'row')
  const item = spoiled.db
    .prepare('SELECT key FROM import_items WHERE type = ? AND row = ?')
    .get(type, row ?? null)
  return typeof item === 'object' && item !== null && 'key' in item ? String(item.key) : null
}

describe('a library of which one value was changed', () => {
  it('is whole before, with rows in every table that holds something at rest', async () => {
    expect(await found()).toEqual([])
    for (const { table } of columnsOf(spoiled.db)) {
      const row = rowWhere(spoiled.db, table, '1', 0)
      expect(row === null, table).toBe(emptyAtRest.includes(table))
    }
  })

  it.each([
    ['a value is another', 'IS NOT NULL'],
    ['a value is where there was none', 'IS NULL'],
  ])(
    `is found out, whichever column of whichever table it is: %s (seed ${seed})`,
    async (_what, condition) => {
      const missed: string[] = []
      const unnamed: string[] = []
      let tried = 0
      for (const { table, column } of columnsOf(spoiled.db)) {
        const name = `${table}.${column}`
        const row = rowWhere(
          spoiled.db,
          table,
          `${column} ${condition} AND ${coveredRows[name] ?? '1'}`,
          seed,
        )
        if (row === null || name in uncoveredColumns || name === 'import_rows.state') continue
        const key = keyOf(row)
        const differences = await changed(row, column)
        tried += 1
        if (differences.length === 0) missed.push(`${name} of ${JSON.stringify([...row.key])}`)
        else if (key !== null && !differences.some((each) => each.key === key)) unnamed.push(name)
      }
      expect(missed).toEqual([])
      // What is told names the item whose row it is.
      expect(unnamed).toEqual([])
      expect(tried).toBeGreaterThan(50)
    },
    120_000,
  )

  it('is found out where an import no longer counts as published', async () => {
    const row = rowWhere(spoiled.db, 'import_rows', '1', seed)
    if (row === null) throw new Error('there is no import')
    for (const state of ['staging', 'discarding']) {
      const before = valueIn(spoiled.db, row, 'state')
      const set = spoiled.db.prepare('UPDATE import_rows SET state = ? WHERE n = ?')
      set.run(state, row.key.get('n') ?? null)
      expect(await found(), state).toContainEqual(expect.objectContaining({ difference: 'note-changed' }))
      set.run(before, row.key.get('n') ?? null)
    }
  })

  it('is not found out by what the list of exceptions names, of which none is out of date', async () => {
    const overdue: string[] = []
    for (const name of Object.keys(uncoveredColumns)) {
      const [table = '', column = ''] = name.split('.')
      const row = rowWhere(spoiled.db, table, '1', seed)
      if (row === null) throw new Error(`there is nothing in ${table}`)
      if ((await changed(row, column)).length > 0) overdue.push(name)
    }
    expect(overdue).toEqual([])
  })
})
