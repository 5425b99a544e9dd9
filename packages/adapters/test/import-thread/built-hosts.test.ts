import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSyntheticBackup, openTestSqlite, type SyntheticBackup } from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'

// Hosts as they are outside of this workspace: on the packages as they are built, and on the better-sqlite3 that they have themselves.
// They stand inside the package, which can import itself by its name, as in an app that has installed it.
const hosts = fileURLToPath(new URL(`../../.hosts-${process.pid}/`, import.meta.url))
const name = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
const driver = createRequire(import.meta.url).resolve(name)

let folder: string
let backup: SyntheticBackup
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-hosts-'))
  mkdirSync(hosts, { recursive: true })
  backup = await makeSyntheticBackup({ into: folder, seed: 'hosts', messages: 120, attachments: 15 })
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(hosts, { recursive: true, force: true })
})

/** What every host does once it has its modules; `work` is how each of them comes by its thread. */
const body = (work: string): string => `
  const [, , into, path, driver] = process.argv
  const database = join(into, 'library.db')
  const attachments = join(into, 'attachments')
  ${work}
  const journal = new Database(join(into, 'journal.db'))
  const saga = backupImport({ device: backupFolder(), work })
  const runner = createRunner({ journal: sqliteJournal(journal), sagas: [saga] })
  const run = await runner.start(saga, { path })
  const outcome = await run.outcome()
  console.log(outcome.status, outcome.error?.code ?? '')
  await runner.shutdown()
  // Nothing closes the thread: it keeps no process that has ended its work.
`

const modules = {
  core: '@holdfast/core',
  import: '@holdfast/core/import',
  thread: '@holdfast/adapters/import-thread',
  folder: '@holdfast/adapters/backup-folder',
  sqlite: '@holdfast/adapters/sqlite',
  path: 'node:path',
  worker: 'node:worker_threads',
}
const names: Readonly<Record<keyof typeof modules, string>> = {
  core: '{ createRunner }',
  import: '{ backupImport }',
  thread: '{ libraryThread, importThread }',
  folder: '{ backupFolder }',
  sqlite: '{ sqliteJournal, libraryResource }',
  path: '{ join }',
  worker: '{ Worker }',
}
const keys = ['core', 'import', 'thread', 'folder', 'sqlite', 'path', 'worker'] as const
const imported = `${keys.map((key) => `import ${names[key]} from '${modules[key]}'`).join('\n')}
import Database from '${name}'`
const required = `${keys.map((key) => `const ${names[key]} = require('${modules[key]}')`).join('\n')}
const Database = require('${name}')`

const ready = 'const work = libraryThread({ database, attachments, driver })'

/** Runs a host on a folder of its own; resolves with what it printed. */
function runHost(file: string): { readonly into: string; readonly said: string } {
  const into = mkdtempSync(join(folder, 'into-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, into, backup.path, driver], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return { into, said: stdout.trim() }
}

function expectImported({ into, said }: { readonly into: string; readonly said: string }): void {
  expect(said).toBe('done')
  const db = openTestSqlite(join(into, 'library.db'), { readonly: true })
  expectLibraryToEqualTruth(db, join(into, 'attachments'), backup.truth)
  db.close()
}

describe('an import in the thread of a host', () => {
  test('that is an ES module', () => {
    const file = join(hosts, 'esm.mjs')
    writeFileSync(file, `${imported}\n${body(ready)}`)
    expectImported(runHost(file))
  })

  test('that is CommonJS', () => {
    const file = join(hosts, 'cjs.cjs')
    writeFileSync(file, `${required}\n;(async () => {${body(ready)}})()`)
    expectImported(runHost(file))
  })

  test('that is bundled, and its thread with it, from a module with a driver of its own', async () => {
    const program = `
      import { workerData } from 'node:worker_threads'
      import Database from '${name}'
      import { serveImportThread } from '@holdfast/adapters/import-thread'
      import { attachmentFiles } from '@holdfast/adapters/attachment-files'
      import { iosBackup } from '@holdfast/adapters/ios-backup'
      import { betterSqlite3, sqliteLibrary } from '@holdfast/adapters/sqlite'
      serveImportThread(({ data }) => {
        const openSqlite = betterSqlite3(Database, '12.11.1')
        const db = openSqlite(data.database, { readonly: false })
        return { reader: iosBackup({ openSqlite }), storage: sqliteLibrary(db, attachmentFiles(data.attachments)), close: () => db.close() }
      })`
    const own = `
      const start = () => new Worker(new URL('./thread.mjs', import.meta.url), { workerData: { database, attachments } })
      const work = importThread({ start, resources: [libraryResource(database)] })`
    writeFileSync(join(hosts, 'thread.src.mjs'), program)
    writeFileSync(join(hosts, 'main.src.mjs'), `${imported}\n${body(own)}`)
    for (const each of ['main', 'thread']) {
      const bundle = await rolldown({
        input: join(hosts, `${each}.src.mjs`),
        platform: 'node',
        // A native module is never in a bundle.
        external: [name],
      })
      await bundle.write({ file: join(hosts, `${each}.mjs`), format: 'esm', codeSplitting: false })
      await bundle.close()
    }
    expectImported(runHost(join(hosts, 'main.mjs')))
  })

  test.each([
    ['a module that is not there', `join(into, 'nothing.js')`],
    ['a module that is no driver', `join(into, '..', 'no-driver.cjs')`],
  ])('says DRIVER_MISSING where its driver is %s', (_what, path) => {
    writeFileSync(join(folder, 'no-driver.cjs'), 'module.exports = { answer: 42 }')
    const file = join(hosts, 'wrong.mjs')
    writeFileSync(
      file,
      `${imported}\n${body(`const work = libraryThread({ database, attachments, driver: ${path} })`)}`,
    )
    expect(runHost(file).said).toBe('retryable DRIVER_MISSING')
  })
})
