import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isInside } from './is-inside.js'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-inside-'))
  mkdirSync(join(base, 'backup', 'deep'), { recursive: true })
  mkdirSync(join(base, 'backup-2'))
  symlinkSync(join(base, 'backup', 'deep'), join(base, 'link'))
  writeFileSync(join(base, 'backup', 'file'), '')
})
afterEach(() => rmSync(base, { recursive: true }))

it('tells what lies in a folder, existing or not', async () => {
  const backup = join(base, 'backup')
  for (const path of [
    'backup',
    'backup/deep',
    'backup/file',
    'backup/deep/not/there',
    'backup/file/not-there',
  ]) {
    expect(await isInside(join(base, path), backup), path).toBe(true)
  }
  for (const path of ['.', 'backup-2', 'backup-2/deep', 'not-there', 'backup/../backup-2', '..backup']) {
    expect(await isInside(join(base, path), backup), path).toBe(false)
  }
})

it('sees through links on either side', async () => {
  expect(await isInside(join(base, 'link'), join(base, 'backup'))).toBe(true)
  expect(await isInside(join(base, 'link', 'not-there'), join(base, 'backup'))).toBe(true)
  expect(await isInside(join(base, 'backup', 'deep', 'x'), join(base, 'link'))).toBe(true)
  expect(await isInside(join(base, 'backup'), join(base, 'link'))).toBe(false)
})

it('compares names where the folder does not exist yet', async () => {
  const folder = join(base, 'not-there')
  expect(await isInside(folder, folder)).toBe(true)
  expect(await isInside(join(folder, 'a', 'b'), folder)).toBe(true)
  expect(await isInside(join(base, 'not-there-either'), folder)).toBe(false)
  expect(await isInside(join(base, 'link', 'x'), join(base, 'backup', 'deep', 'x'))).toBe(true)
})
