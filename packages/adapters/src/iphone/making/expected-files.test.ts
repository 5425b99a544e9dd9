import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ExpectedFiles } from './expected-files.js'

const udid = '00008101-000A1B2C3D4E001E'
const { signal } = new AbortController()
const [one, two, three] = ['ab1', 'ab2', 'cd3'].map((head) => head.padEnd(40, '0'))
let tree = ''
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'holdfast-expected-'))
  await put(one, 'first')
  await put(three, 'third')
})
afterEach(() => rm(tree, { recursive: true }))

const at = (id = ''): string => `${udid}/${id.slice(0, 2)}/${id}`
const staged = (id = ''): string => `${udid}/Snapshot/${id.slice(0, 2)}/${id}`
const here = (id = ''): string => join(tree, id.slice(0, 2), id)
async function put(id = '', content = ''): Promise<void> {
  await mkdir(join(tree, id.slice(0, 2)), { recursive: true })
  await writeFile(here(id), content)
}

test('what was there before and what came is there', async () => {
  const expected = await ExpectedFiles.of(tree, signal)
  expected.received(staged(two), 6)
  expected.moved(staged(two), at(two))
  await put(two, 'second')
  expected.removed(at(three))
  await rm(here(three))
  expect(await expected.lackingIn(tree, signal)).toBe(0)
})

describe('what is lacking is counted', () => {
  test('of what was there before', async () => {
    const expected = await ExpectedFiles.of(tree, signal)
    await rm(here(one))
    await rm(join(tree, 'cd'), { recursive: true })
    expect(await expected.lackingIn(tree, signal)).toBe(2)
  })

  test('of what came, and was moved to its place', async () => {
    const expected = await ExpectedFiles.of(tree, signal)
    expected.received(staged(two), 6)
    expected.moved(staged(two), at(two))
    expect(await expected.lackingIn(tree, signal)).toBe(1)
  })

  test('of what came in place of what was there, and is shorter than it was sent', async () => {
    const expected = await ExpectedFiles.of(tree, signal)
    expected.received(staged(one), 8)
    expected.moved(staged(one), at(one))
    await put(one, 'replaced')
    expect(await expected.lackingIn(tree, signal)).toBe(0)
    await truncate(here(one), 7)
    expect(await expected.lackingIn(tree, signal)).toBe(1)
  })

  test('of what was removed, and came again', async () => {
    const expected = await ExpectedFiles.of(tree, signal)
    expected.removed(at(one))
    expected.received(at(one), 5)
    await rm(here(one))
    expect(await expected.lackingIn(tree, signal)).toBe(1)
  })

  test('of a copy', async () => {
    const expected = await ExpectedFiles.of(tree, signal)
    expected.received(at(one), 5)
    expected.copied(at(one), at(two))
    await put(two, 'four')
    expect(await expected.lackingIn(tree, signal)).toBe(1)
  })
})

test('what the phone removed, and what it never put in its place, is not waited for', async () => {
  const expected = await ExpectedFiles.of(tree, signal)
  expected.received(staged(two), 6)
  expected.removed(`${udid}/Snapshot`)
  expected.removed(at(one))
  expected.removed(at(one))
  await rm(here(one))
  expect(await expected.lackingIn(tree, signal)).toBe(0)
})

test('of folders that are moved or removed as a whole nothing is told', async () => {
  const expected = await ExpectedFiles.of(tree, signal)
  expected.removed(`${udid}/ab`)
  await rm(here(one))
  expect(await expected.lackingIn(tree, signal)).toBe(0)
  await rm(here(three))
  expect(await expected.lackingIn(tree, signal)).toBe(1)
  expected.removed(udid)
  expect(await expected.lackingIn(tree, signal)).toBe(0)
})
