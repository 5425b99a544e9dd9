import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { closingLine } from './tally.mjs'
import { root } from './workspace.mjs'

/** @type {string} */
let folder
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tally-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('everything that goes wrong counts as a failure, whether or not it is a test', () => {
  const files = {
    'mixed.test.mjs': `
      it('passes', () => {})
      it('fails', () => { throw new Error('no') })
      it.skip('is skipped', () => {})
      it.todo('is planned')`,
    'broken.test.mjs': `throw new Error('does not load')`,
    'hook.test.mjs': `
      describe('a suite', () => {
        beforeAll(() => { throw new Error('no') })
        it('never runs', () => {})
      })`,
    'loose.test.mjs': `it('passes, but leaves a rejection behind', () => { void Promise.reject(new Error('loose')) })`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const file = join(folder, 'tally.json')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporter = join(root, 'scripts', 'lib', 'tally.mjs')
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--globals', `--root=${folder}`, `--reporter=${reporter}`],
    {
      cwd: folder,
      env: { ...process.env, HOLDFAST_TALLY: file },
    },
  )
  expect(status).toBe(1)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ passed: 2, failed: 4, skipped: 3 })
})

it.each([
  ['passes with vitest', 0, { passed: 2, failed: 0, skipped: 1 }, 0],
  ['fails with vitest', 1, { passed: 2, failed: 0, skipped: 0 }, 1],
  ['fails when a test failed', 0, { passed: 2, failed: 1, skipped: 0 }, 1],
  ['fails when no test ran', 0, { passed: 0, failed: 0, skipped: 5 }, 1],
  ['fails when vitest ended before it could count', 0, undefined, 1],
  ['keeps the status of a vitest that was killed', 137, undefined, 137],
])('a run %s', (_claim, vitest, counts, status) => {
  expect(closingLine(vitest, counts).status).toBe(status)
})

it('the closing line stands alone and is plain', () => {
  expect(closingLine(0, { passed: 12, failed: 0, skipped: 3 }).lines).toContain(
    '12 passed, 0 failed, 3 skipped',
  )
})
