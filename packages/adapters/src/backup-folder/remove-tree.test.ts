import { existsSync } from 'node:fs'
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { removeTree } from './remove-tree.js'

const { signal } = new AbortController()
let folder: string
let tree: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-remove-'))
  tree = join(folder, 'tree')
  await makeTree()
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function makeTree(): Promise<void> {
  for (let index = 0; index < 20; index++) {
    const inside = join(tree, String(index), 'deep', 'deeper')
    await mkdir(inside, { recursive: true })
    for (let file = 0; file < 10; file++) await writeFile(join(inside, String(file)), 'content')
  }
  await mkdir(join(tree, 'empty'))
}

test('a folder goes with all that is in it, and its neighbours stay', async () => {
  await writeFile(join(folder, 'neighbour'), '')
  expect(await removeTree(tree, { signal })).toEqual({ count: 0, paths: [], systemCode: null })
  expect(await readdir(folder)).toEqual(['neighbour'])
})

test('nothing happens where there is nothing', async () => {
  expect(await removeTree(join(folder, 'nothing'), { signal })).toMatchObject({ count: 0 })
  expect(existsSync(tree)).toBe(true)
})

describe('what links lead to stays', () => {
  let outside: string
  beforeEach(async () => {
    outside = join(folder, 'outside')
    await mkdir(join(outside, 'inner'), { recursive: true })
    await writeFile(join(outside, 'inner', 'precious'), 'precious')
  })

  async function expectUntouched(): Promise<void> {
    expect(existsSync(tree)).toBe(false)
    expect(await readFile(join(outside, 'inner', 'precious'), 'utf8')).toBe('precious')
  }

  test('a folder outside, linked from several depths', async () => {
    await symlink(outside, join(tree, 'link'))
    await symlink(join(outside, 'inner'), join(tree, '3', 'deep', 'link'))
    // Made as a junction on Windows, as a symbolic link elsewhere.
    await symlink(outside, join(tree, '4', 'junction'), 'junction')
    await removeTree(tree, { signal })
    await expectUntouched()
  })

  test('a file outside, linked by name or by inode', async () => {
    await symlink(join(outside, 'inner', 'precious'), join(tree, '5', 'link'))
    await link(join(outside, 'inner', 'precious'), join(tree, '5', 'hard'))
    await removeTree(tree, { signal })
    await expectUntouched()
  })

  test('the folder above, through a link that makes a circle, and a link to nowhere', async () => {
    await symlink('..', join(tree, 'circle'))
    await symlink(join(folder, 'nowhere'), join(tree, 'broken'))
    await removeTree(tree, { signal })
    await expectUntouched()
  })

  test('all of it when the root itself is a link', async () => {
    const root = join(folder, 'root')
    await symlink(outside, root)
    await removeTree(root, { signal })
    await removeTree(tree, { signal })
    expect(existsSync(root)).toBe(false)
    await expectUntouched()
  })
})

test('folders and files that may not be written go all the same', async () => {
  await chmod(join(tree, '1', 'deep', 'deeper', '1'), 0o444)
  await chmod(join(tree, '1', 'deep', 'deeper'), 0o555)
  await chmod(join(tree, '2'), 0o000)
  expect(await removeTree(tree, { signal })).toMatchObject({ count: 0 })
  expect(existsSync(tree)).toBe(false)
})

test('an abort at any entry leaves what the next call finishes', async () => {
  const entries = await count(tree)
  for (let check = 1; check <= entries; check += 23) {
    const reason = new Error('stop')
    await expect(removeTree(tree, { signal: abortingAt(check, reason) })).rejects.toBe(reason)
    const left = await count(tree)
    expect(left).toBeGreaterThan(0)
    await setImmediate()
    // Nothing goes on behind the back of the caller.
    expect(await count(tree)).toBe(left)
    expect(await removeTree(tree, { signal })).toMatchObject({ count: 0 })
    expect(existsSync(tree)).toBe(false)
    await makeTree()
  }
})

test('whatever a kill left half removed goes with the next call', async () => {
  await rm(join(tree, '0'), { recursive: true })
  await rm(join(tree, '1', 'deep', 'deeper', '3'))
  await rm(join(tree, '2', 'deep', 'deeper'), { recursive: true })
  expect(await removeTree(tree, { signal })).toMatchObject({ count: 0 })
  expect(existsSync(tree)).toBe(false)
})

describe('two calls at once', () => {
  test('do not trip over each other', async () => {
    const both = await Promise.all([removeTree(tree, { signal }), removeTree(tree, { signal })])
    expect(both).toMatchObject([{ count: 0 }, { count: 0 }])
    expect(existsSync(tree)).toBe(false)
  })
})

/** A signal that aborts when it is asked for the n-th time whether it has. */
function abortingAt(check: number, reason: Error): AbortSignal {
  const controller = new AbortController()
  let checks = 0
  Object.defineProperty(controller.signal, 'throwIfAborted', {
    value() {
      checks++
      if (checks === check) controller.abort(reason)
      if (controller.signal.aborted) throw reason
    },
  })
  return controller.signal
}

async function count(path: string): Promise<number> {
  if (!(await lstat(path)).isDirectory()) return 1
  let total = 1
  for (const name of await readdir(path)) total += await count(join(path, name))
  return total
}
