import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Receipt } from '@holdfast/core/import'
import { receiptFor } from '@holdfast/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { releaseFolder } from '../../src/backup-folder/release-folder.js'
import { fingerprintBackup } from '../../src/ios-backup/index.js'
import { makeSyntheticBackup, type SyntheticBackup } from '../../src/testing/index.js'

const isLong = process.env['HOLDFAST_KILL_POINTS'] === 'all'
const child = fileURLToPath(new URL('release-child.ts', import.meta.url))
const { signal } = new AbortController()
let folder: string
let made: SyntheticBackup
let receipt: Receipt

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-release-kill-')))
  made = await makeSyntheticBackup({ into: folder, seed: 'release', messages: 10, attachments: 4 })
  const fingerprint = await fingerprintBackup(made.path, signal)
  receipt = await receiptFor({ id: 'run', owner: 'me', udid: null, fingerprint })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A copy of the backup with links out of it and odd names in it, beside a folder that must stay. */
async function place(): Promise<{ readonly path: string; readonly outside: string }> {
  const parent = await mkdtemp(join(folder, 'place-'))
  const path = join(parent, made.udid)
  const outside = join(parent, 'outside')
  await cp(made.path, path, { recursive: true })
  await mkdir(outside)
  await writeFile(join(outside, 'precious'), 'precious')
  await symlink(outside, join(path, 'link'))
  await link(join(outside, 'precious'), join(path, 'hard link'))
  await mkdir(join(path, 'odd '))
  await writeFile(join(path, 'odd ', 'trailing space '), '')
  await writeFile(join(path, 'odd ', '.'.repeat(200)), '')
  return { path, outside }
}

/** Lets the backup go in a process of its own; null when it was killed. */
function releaseIn(path: string, killAt: number): Promise<number | null> {
  const options = ['--import', 'tsx', '--conditions=@holdfast/source', child]
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...options, JSON.stringify({ path, receipt, killAt })],
      { cwd: dirname(child) },
      (error, stdout, stderr) => {
        if (error === null) resolve(Number(stdout))
        else if (error.signal === 'SIGKILL') resolve(null)
        else reject(new Error(`ended at change ${killAt}: ${stderr}`))
      },
    )
  })
}

it('a release that is killed before any rename, unlink or rmdir leaves the backup whole or on its way out, and the next one ends it', async () => {
  const all = await place()
  const changes = await releaseIn(all.path, 0)
  if (changes === null) throw new Error('nothing was to be killed')
  expect(changes).toBeGreaterThan(20)
  const step = isLong ? 1 : Math.ceil(changes / 8)
  let killed = 0
  for (let killAt = 1; killAt <= changes; killAt += step) {
    const { path, outside } = await place()
    expect(await releaseIn(path, killAt), `change ${killAt}`).toBeNull()
    killed += 1
    if (existsSync(path)) expect(await fingerprintBackup(path, signal)).toBe(receipt.source.fingerprint)
    else expect(await readdir(dirname(path))).toContainEqual(expect.stringContaining('.holdfast-released-'))
    await releaseFolder(path, receipt, { signal, holder: { run: 'run', into: [] } })
    expect(await readdir(dirname(path)), `change ${killAt}`).toEqual(['outside'])
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('precious')
  }
  process.stdout.write(`  killed before ${killed} of ${changes} changes\n`)
}, 600_000)
