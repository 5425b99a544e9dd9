import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { lookAt, lookAtAll } from './look-at-all.js'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-look-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('tells of thousands of paths in their order, of links themselves, and null of what is not there', async () => {
  writeFileSync(join(folder, 'file'), 'five!')
  mkdirSync(join(folder, 'folder'))
  symlinkSync(join(folder, 'file'), join(folder, 'link'))
  const names = Array.from(
    { length: 4000 },
    (_, n) => ['file', 'nothing', 'folder', 'link', 'file/below'][n % 5] ?? '',
  )
  const found = await lookAtAll(names.map((name) => join(folder, name)))
  const words = found.map((stats) => {
    if (stats === null) return null
    if (stats.isFile()) return stats.size
    return stats.isDirectory() ? 'folder' : 'other'
  })
  expect(words).toEqual(names.map((_, n) => [5, null, 'folder', 'other', null][n % 5]))
  const exact = await lookAtAll(
    names.map((name) => join(folder, name)),
    { bigint: true },
  )
  expect(exact.map((stats) => stats && Number(stats.size))).toEqual(found.map((stats) => stats && stats.size))
})

it('tells of one path what it tells of it among many', async () => {
  const paths = ['file', 'nothing', 'folder', 'link', 'file/below'].map((name) => join(folder, name))
  expect(await Promise.all(paths.map(lookAt))).toEqual(await lookAtAll(paths))
  await expect(lookAt(join(folder, 'x'.repeat(300)))).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
})

it('leaves the event loop its turns', async () => {
  writeFileSync(join(folder, 'file'), 'five!')
  let turns = 0
  let done = false
  const count = (): void => {
    turns += 1
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  await lookAtAll(Array.from({ length: 50_000 }, () => join(folder, 'file')))
  done = true
  expect(turns).toBeGreaterThan(2)
})

it('throws what the file system says of a path that cannot be looked at', async () => {
  await expect(lookAtAll([folder, join(folder, 'x'.repeat(300))])).rejects.toMatchObject({
    code: 'ENAMETOOLONG',
  })
})
