import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestSqlite } from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? ''

describe('the example of embedding in the README', () => {
  // It has to stand inside the package, where its imports are resolved as in an app that installed both packages.
  const folder = fileURLToPath(new URL(`../.readme-${process.pid}/`, import.meta.url))
  let workshop: Workshop
  beforeEach(() => {
    workshop = new Workshop()
    mkdirSync(folder, { recursive: true })
  })
  afterEach(async () => {
    rmSync(folder, { recursive: true })
    await workshop.cleanUp()
  })

  it('is about twenty lines', () => {
    const lines = example.split('\n').filter((line) => line !== '' && !line.startsWith('import'))
    expect(lines.length).toBeGreaterThan(5)
    expect(lines.length).toBeLessThanOrEqual(20)
  })

  // Its own better-sqlite3 is 12 here, which is compiled only where 13 does not run.
  it.skipIf(Number(process.versions['napi'] ?? 0) >= 10)('imports a backup, as it stands there', async () => {
    const backup = await workshop.makeBackup({ seed: 31 })
    const script = join(folder, 'example.mts')
    writeFileSync(script, example)
    const ran = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--conditions=@holdfast/source', script, backup.path],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(ran.status, ran.stderr).toBe(0)
    const db = openTestSqlite(join(folder, 'library.db'), { readonly: true })
    expectLibraryToEqualTruth(db, join(folder, 'attachments'), backup.truth)
    db.close()
  })
})
