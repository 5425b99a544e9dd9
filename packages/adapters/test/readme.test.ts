import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestSqlite } from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const [example = '', encryptedExample = ''] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(
  ([, code = '']) => code,
)

describe('the examples of embedding in the README', () => {
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

  it.each([
    ['of a plain backup', () => example, 20],
    ['of an encrypted one', () => encryptedExample, 25],
  ])('are about twenty lines: the one %s', (_which, code, most) => {
    const lines = code()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('import'))
    expect(lines.length).toBeGreaterThan(5)
    expect(lines.length).toBeLessThanOrEqual(most)
  })

  // Its own better-sqlite3 is 12 here, which is compiled only where 13 does not run.
  describe.skipIf(Number(process.versions['napi'] ?? 0) >= 10)('as they stand there', () => {
    /** Runs an example as a script of its own. */
    function runExample(
      code: string,
      ...words: readonly string[]
    ): { readonly stdout: string; readonly stderr: string } {
      const script = join(folder, 'example.mts')
      writeFileSync(script, code)
      const ran = spawnSync(
        process.execPath,
        ['--import', 'tsx', '--conditions=@holdfast/source', script, ...words],
        { cwd: folder, encoding: 'utf8' },
      )
      expect(ran.status, ran.stderr).toBe(0)
      return { stdout: ran.stdout, stderr: ran.stderr }
    }

    it('import a backup, also when an earlier try did not find it', async () => {
      const backup = await workshop.makeBackup({ seed: 31 })
      const aside = `${backup.path}-aside`
      renameSync(backup.path, aside)
      expect(runExample(example, backup.path).stderr).toContain('There is no folder')
      renameSync(aside, backup.path)
      expect(runExample(example, backup.path).stderr).not.toContain('There is no folder')
      const db = openTestSqlite(join(folder, 'library.db'), { readonly: true })
      expectLibraryToEqualTruth(db, join(folder, 'attachments'), backup.truth)
      db.close()
    })

    it('import an encrypted backup with its password, after a wrong one that left it parked', async () => {
      const password = 'Kl1ppfischer-Zoë-44'
      const backup = await workshop.makeBackup({ seed: 32, calls: 20, encryption: { password } })
      expect(runExample(encryptedExample, backup.path, 'Kl1ppfischer').stdout).toContain('PASSWORD_WRONG')
      expect(runExample(encryptedExample, backup.path, password).stdout).toBe('done\n')
      const db = openTestSqlite(join(folder, 'library.db'), { readonly: true })
      expectLibraryToEqualTruth(db, join(folder, 'attachments'), backup.truth)
      expect(db.prepare('SELECT count(*) AS n FROM calls').get()).toEqual({
        n: backup.truth.calls.filter(({ type }) => type === 'call').length,
      })
      db.close()
      // Nothing that was decrypted stays.
      expect(readdirSync(join(folder, 'scratch'))).toEqual([])
    })
  })

  it('have the right types', () => {
    writeFileSync(join(folder, 'plain.mts'), example)
    writeFileSync(join(folder, 'encrypted.mts'), encryptedExample)
    // An app has these types from a package of their own; ours has none, for it works with any driver of that shape.
    writeFileSync(join(folder, 'driver.d.ts'), "declare module 'better-sqlite3'")
    const options = {
      extends: '../../../tsconfig.base.json',
      compilerOptions: { types: ['node'], composite: false, noEmit: true, rootDir: '../../..' },
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...options, include: ['*.mts', '*.d.ts'] }))
    const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
    const checked = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    expect(checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  })
})
