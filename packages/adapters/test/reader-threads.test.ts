import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSyntheticBackup, type SyntheticBackup } from '../src/testing/index.js'

// Hosts on the package as it is built. They stand inside of it, and import it by its name, as an app does that has installed it.
const hosts = fileURLToPath(new URL(`../.reader-hosts-${process.pid}/`, import.meta.url))
const driver = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
const password = 'correct horse'

let folder: string
let backup: SyntheticBackup
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-reader-'))
  mkdirSync(hosts, { recursive: true })
  backup = await makeSyntheticBackup({
    into: folder,
    seed: 'reader threads',
    messages: 30,
    attachments: 8,
    encryption: { password },
  })
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(hosts, { recursive: true, force: true })
})

/**
 * Has every attachment decrypted into a folder, and takes the files in from there; prints the hashes, how many threads have answered, and
 * how many have failed, as those do whose program cannot be run.
 */
const body = `
  const [, , path, into] = process.argv
  let answered = 0
  let failed = 0
  process.on('worker', (worker) => {
    worker.once('message', () => answered++)
    worker.once('error', () => failed++)
  })
  const said = {}
  const { signal } = new AbortController()
  const reader = iosBackup({ openSqlite: betterSqlite3(Database, '12.11.1'), scratch: join(into, 'scratch') })
  const backup = await reader.open(path, { signal, ask: async () => '${password}' })
  const records = []
  for await (const batch of backup.read({ after: null, batchSize: 500, signal })) {
    for (const each of batch.records) if (each.type === 'attachment' && each.unavailable === null) records.push(each)
  }
  const files = attachmentFiles(join(into, 'attachments'))
  const received = await Promise.all(
    records.map((record) => files.receiveWritten((to) => backup.copyContent(record, to, signal), signal)),
  )
  said.reader = { answered, failed }
  answered = 0
  const taken = await files.receiveFiles(received.map((file) => file.path), { mayLink: false, signal })
  said.files = { answered, failed }
  said.hashes = received.map((file) => file.sha256)
  said.again = taken.map((file) => file.sha256)
  await backup.close()
  console.log(JSON.stringify(said))
  // Nothing ends the threads of the folder: they keep no process that has ended its work.
`
const modules = [
  ['{ join }', 'node:path'],
  ['{ iosBackup }', '@holdfast/adapters/ios-backup'],
  ['{ attachmentFiles }', '@holdfast/adapters/attachment-files'],
  ['{ betterSqlite3 }', '@holdfast/adapters/sqlite'],
  ['Database', driver],
] as const
const imported = `${modules.map(([names, from]) => `import ${names} from '${from}'`).join('\n')}\n${body}`
const required = `${modules.map(([names, from]) => `const ${names} = require('${from}')`).join('\n')}\n;(async () => {${body}})()`

function expectReadInThreads(file: string): void {
  const into = mkdtempSync(join(folder, 'into-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, backup.path, into], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const said: unknown = JSON.parse(stdout)
  const written = join(into, 'attachments', '.incoming')
  const hashes = readdirSync(written).map((name) =>
    createHash('sha256')
      .update(readFileSync(join(written, name)))
      .digest('hex'),
  )
  expect(said).toMatchObject({
    reader: { answered: expect.any(Number), failed: 0 },
    files: { answered: expect.any(Number), failed: 0 },
  })
  const { reader, files, hashes: told, again } = said as Told
  expect(reader.answered).toBeGreaterThan(0)
  expect(files.answered).toBeGreaterThan(0)
  expect(again).toEqual(told)
  expect(told.length).toBeGreaterThan(4)
  // Each content is there twice: as the reader has written it, and as it was taken in from there.
  expect([...told, ...again].sort()).toEqual(hashes.sort())
}

/** What a host prints; `toMatchObject` has looked at the rest. */
interface Told {
  readonly reader: { readonly answered: number }
  readonly files: { readonly answered: number }
  readonly hashes: readonly string[]
  readonly again: readonly string[]
}

describe('the threads that read, decrypt and write files do their work in a host', () => {
  test('that is an ES module', () => {
    const file = join(hosts, 'esm.mjs')
    writeFileSync(file, imported)
    expectReadInThreads(file)
  })

  test('that is CommonJS', () => {
    const file = join(hosts, 'cjs.cjs')
    writeFileSync(file, required)
    expectReadInThreads(file)
  })

  test.each([
    ['is bundled into one file', false],
    ['is bundled into one file and minified', true],
  ])('that %s', async (_what, minify) => {
    const input = join(hosts, 'main.src.mjs')
    writeFileSync(input, imported)
    const bundle = await rolldown({ input, platform: 'node', external: [driver] })
    const file = join(hosts, `main-${minify ? 'min' : 'plain'}.mjs`)
    await bundle.write({ file, format: 'esm', codeSplitting: false, minify })
    await bundle.close()
    expectReadInThreads(file)
  })
})
