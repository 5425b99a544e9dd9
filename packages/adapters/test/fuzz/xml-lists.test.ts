import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'plist'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { seed } from './suite.js'

let folder: string
let program: string

beforeAll(async () => {
  const parent = fileURLToPath(new URL('../../node_modules/.holdfast-test/', import.meta.url))
  mkdirSync(parent, { recursive: true })
  folder = mkdtempSync(join(parent, 'xml-'))
  program = join(folder, 'child.mjs')
  const bundle = await rolldown({
    input: fileURLToPath(new URL('xml-child.ts', import.meta.url)),
    platform: 'node',
    resolve: { conditionNames: ['@holdfast/source', 'node', 'import', 'default'] },
  })
  await bundle.write({ file: program, format: 'esm', codeSplitting: false })
  await bundle.close()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the program with this many megabytes of heap. */
function run(megabytes: number, ...words: readonly string[]): { status: number | null; printed: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`--max-old-space-size=${megabytes}`, program, ...words],
    { encoding: 'utf8' },
  )
  return { status, printed: stdout + stderr }
}

const well = { status: 77, printed: '' }

it('nothing is printed of XML property lists, however hostile: whoever embeds the reader owns the console', () => {
  expect(run(256, 'drafts', seed, '3000'), `HOLDFAST_SEED=${seed}`).toEqual(well)
})

it('an Info.plist of 9.5 MB, with the icons of 500 apps, is read with little memory', () => {
  const random = new Random('icons')
  const icon = () => ({ PlaceholderIcon: random.bytes(14_000), iTunesMetadata: random.bytes(200) })
  const apps = Array.from({ length: 500 }, (_, index) => [`com.example.app${index}`, icon()] as const)
  const path = join(folder, 'Info.plist')
  writeFileSync(path, build({ 'Device Name': 'Zoë’s iPhone', Applications: Object.fromEntries(apps) }))
  expect(statSync(path).size).toBeGreaterThan(9_500_000)
  expect(run(64, 'file', path)).toEqual(well)
})
