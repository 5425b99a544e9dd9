import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkDeletable } from './deletable-folder.js'

let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-deletable-')))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const refusal = { code: 'RELEASE_REFUSED', retryable: false }

test('a folder that holds Manifest.db may be deleted', async () => {
  await writeFile(join(folder, 'Manifest.db'), '')
  await expect(checkDeletable(folder)).resolves.toBeUndefined()
})

test('one that holds none, or a folder or a link of that name, may not', async () => {
  await expect(checkDeletable(folder)).rejects.toMatchObject(refusal)
  await symlink(join(folder, 'elsewhere'), join(folder, 'Manifest.db'))
  await expect(checkDeletable(folder)).rejects.toMatchObject(refusal)
  await rm(join(folder, 'Manifest.db'))
  await mkdir(join(folder, 'Manifest.db'))
  await expect(checkDeletable(folder)).rejects.toMatchObject(refusal)
})

test.each([
  parse(process.cwd()).root,
  homedir(),
  dirname(homedir()),
  '/home',
  '/home/somebody',
  '/Users/somebody',
  '/users/SOMEBODY',
])('%s may not, whether it is there or not', async (path) => {
  await expect(checkDeletable(path)).rejects.toMatchObject({
    ...refusal,
    message: expect.stringMatching(/root of a file system|home folder/),
  })
})
