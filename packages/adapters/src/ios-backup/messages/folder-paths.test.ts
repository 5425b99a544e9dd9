import { describe, expect, test } from 'vitest'
import { Random } from '../../testing/synthetic-backup/random.js'
import { FolderPaths } from './folder-paths.js'

const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)

describe('folders asked for the innermost in which a path lies', () => {
  test.each([
    ['a/b', 'a'],
    ['a/b/c', 'a/b'],
    ['a/b/c/d', 'a/b'],
    ['a', null],
    ['a-b/c', null],
    ['a0', null],
    ['ab', null],
    ['b', null],
    ['', null],
    ['x/y/z', 'x/y'],
    ['x/z', null],
  ])("'%s' lies in %s", (path, folder) => {
    expect(new FolderPaths(['x/y', 'a/b', 'a', 'a/b']).innermost(path)).toBe(folder)
  })

  test('are none where there are none', () => {
    expect(new FolderPaths([]).innermost('a/b')).toBe(null)
  })

  test(`find what a look at each of them finds (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
    const random = new Random(`folder paths ${seed}`)
    // The characters on both sides of the slash, and some that UTF-8 and UTF-16 sort differently.
    const names = ['a', 'a.', 'a0', 'b', '.', '0', 'é', '\uffee', '😀']
    const path = () => Array.from({ length: random.integer(1, 5) }, () => random.pick(names)).join('/')
    for (let round = 0; round < 200; round++) {
      const paths = Array.from({ length: random.integer(0, 12) }, path)
      const folders = new FolderPaths(paths)
      for (let question = 0; question < 50; question++) {
        const asked = path()
        const around = paths.filter((each) => asked.startsWith(`${each}/`))
        const innermost = around.reduce<string | null>(
          (best, each) => (best === null || each.length > best.length ? each : best),
          null,
        )
        expect(folders.innermost(asked), `${asked} in ${paths.join(', ')}`).toBe(innermost)
      }
    }
  })
})
