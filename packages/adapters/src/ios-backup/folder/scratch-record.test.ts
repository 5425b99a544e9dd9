import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { thisProcess } from '../../process/process-identity.js'
import { ScratchFolder } from './scratch-folder.js'
import { recordScratch, sweepScratch } from './scratch-record.js'

let parent: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'holdfast-scratch-test-'))
})
afterEach(() => rm(parent, { recursive: true, force: true }))

async function* bytes() {
  yield Buffer.from('plaintext')
}

/** A folder as a process with this identity would have left it. */
async function leftBy(owner: unknown): Promise<string> {
  const path = await recordScratch(parent)
  await mkdir(path)
  await writeFile(join(path, 'sms.db'), 'plaintext')
  await writeFile(`${path}.json`, typeof owner === 'string' ? owner : JSON.stringify(owner))
  return path
}

test('a scratch folder is recorded before it is made', async () => {
  const path = await recordScratch(parent)
  expect(existsSync(path)).toBe(false)
  expect(JSON.parse(await readFile(`${path}.json`, 'utf8'))).toEqual(thisProcess())
})

test('a sweep leaves the folder of a living process alone, and whatever else is there', async () => {
  const scratch = new ScratchFolder(parent)
  const path = await scratch.write('sms.db', bytes())
  await writeFile(join(parent, 'holiday.jpg'), 'not ours')
  await mkdir(join(parent, 'holdfast-scratch-of-mine'))
  await sweepScratch(parent)
  expect(await readFile(path, 'utf8')).toBe('plaintext')
  await scratch.remove()
  expect((await readdir(parent)).sort()).toEqual(['holdfast-scratch-of-mine', 'holiday.jpg'])
})

test('a sweep removes what a process left that was killed', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const stat = `/proc/${child.pid}/stat`
  const started = existsSync(stat)
    ? execFileSync('cat', [stat], { encoding: 'utf8' }).split(') ')[1]?.split(' ')[19]
    : null
  const path = await leftBy({ ...thisProcess(), pid: child.pid, started })
  await sweepScratch(parent)
  expect(existsSync(path)).toBe(true)
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  await sweepScratch(parent)
  expect(await readdir(parent)).toEqual([])
})

test('a sweep removes what an earlier boot left, and a record that was cut off', async () => {
  await leftBy({ ...thisProcess(), boot: 'an earlier one' })
  await leftBy('{"host":')
  await leftBy({})
  await sweepScratch(parent)
  expect(await readdir(parent)).toEqual([])
})

test('a sweep cannot know of processes on another machine, and leaves their folders', async () => {
  const path = await leftBy({ ...thisProcess(), host: `${hostname()}-other` })
  await sweepScratch(parent)
  expect(existsSync(path)).toBe(true)
})

test('there is nothing to sweep in a folder that is not there', async () => {
  await expect(sweepScratch(join(parent, 'none'))).resolves.toBeUndefined()
})

test('a sweep that the file system refuses says so as an error of ours', async () => {
  const file = join(parent, 'file')
  await writeFile(file, '')
  await expect(sweepScratch(file)).rejects.toMatchObject({
    code: 'DESTINATION_UNWRITABLE',
    facts: { systemCode: 'ENOTDIR', path: file },
  })
})
