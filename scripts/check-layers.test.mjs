import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layerFaults } from './check-layers.mjs'

/** @type {string} */
let root
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-layers-'))
  write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n  - examples/*\n')
  write('package.json', { name: 'holdfast', devDependencies: { vitest: '4' } })
  write('packages/core/package.json', {
    name: '@holdfast/core',
    exports: { '.': {}, './import': {}, './testing': {} },
    dependencies: { xstate: '5' },
  })
  write('packages/adapters/package.json', {
    name: '@holdfast/adapters',
    exports: { './sqlite': {} },
    dependencies: { '@holdfast/core': '*' },
    devDependencies: { 'better-sqlite3': '12' },
  })
  write('examples/cli/package.json', {
    name: '@holdfast/example-cli',
    dependencies: { '@holdfast/core': '*', '@holdfast/adapters': '*' },
  })
})
afterEach(() => rmSync(root, { recursive: true }))

/**
 * @param {string} path
 * @param {unknown} content an object is written as JSON
 */
function write(path, content) {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
}

/**
 * The faults of a workspace in which one file imports one thing.
 * @param {string} file
 * @param {string} specifier
 * @param {{ typesOnly?: boolean }} [options]
 */
function faultsOf(file, specifier, { typesOnly = false } = {}) {
  write(file, `import ${typesOnly ? 'type ' : ''}{ x } from '${specifier}'\nexport { x }\n`)
  return layerFaults(root)
}

describe('imports the right way are allowed:', () => {
  it.each([
    ['packages/core/src/runner/a.ts', '../machine/b.js'],
    ['packages/core/src/machine/a.ts', '../saga/b.js'],
    ['packages/core/src/machine/a.ts', './b.js'],
    ['packages/core/src/machine/a.ts', 'xstate'],
    ['packages/core/src/index.ts', './runner/a.js'],
    ['packages/core/src/import/a.ts', '../index.js'],
    ['packages/core/src/testing/a.ts', '../runner/b.js'],
    ['packages/core/src/testing/a.ts', 'node:assert'],
    ['packages/core/src/saga/a.test.ts', '../runner/b.js'],
    ['packages/core/src/saga/a.test.ts', 'node:fs'],
    ['packages/core/src/saga/a.test.ts', 'vitest'],
    ['packages/core/test/a.test.ts', '@holdfast/core/import'],
    ['packages/adapters/src/sqlite/a.ts', '@holdfast/core/import'],
    ['packages/adapters/src/sqlite/a.ts', 'node:fs'],
    ['packages/adapters/src/ios-backup/a.ts', '../sqlite/driver.js'],
    ['packages/adapters/src/testing/a.ts', '@holdfast/core/testing'],
    ['packages/adapters/src/testing/a.ts', '../ios-backup/b.js'],
    ['packages/adapters/bench/a.ts', 'better-sqlite3'],
    ['examples/cli/src/a.ts', '@holdfast/adapters/sqlite'],
  ])('%s → %s', (file, specifier) => {
    expect(faultsOf(file, specifier)).toEqual([])
  })

  it('what others have written in an installed package', () => {
    expect(faultsOf('packages/adapters/bench/peers/node_modules/a/a.ts', 'unknown')).toEqual([])
  })

  it('types alone, where only types may cross', () => {
    expect(
      faultsOf('packages/adapters/src/sqlite/a.ts', '../attachment-files/b.js', { typesOnly: true }),
    ).toEqual([])
  })
})

describe('imports the wrong way are told with file, line and reason:', () => {
  it.each([
    ['packages/core/src/machine/a.ts', '../runner/b.js', 'machine/ stands below runner/'],
    ['packages/core/src/saga/a.ts', '../machine/b.js', 'saga/ stands below machine/'],
    ['packages/core/src/fresh/a.ts', '../machine/b.js', 'fresh/ has no tier in scripts/lib/layers.mjs'],
    ['packages/core/src/machine/a.ts', '../index.js', 'index.ts is for those outside; name the file itself'],
    [
      'packages/core/src/runner/a.ts',
      '../import/b.js',
      'the engine knows nothing of the import, which is built on it',
    ],
    [
      'packages/core/src/index.ts',
      './import/b.js',
      'the engine knows nothing of the import, which is built on it',
    ],
    [
      'packages/core/src/import/a.ts',
      '../errors/b.js',
      'import/ uses only what a stranger could: ../index.js',
    ],
    ['packages/core/src/runner/a.ts', '../testing/b.js', 'only tests import what is for tests'],
    ['packages/core/src/runner/a.ts', './b.test.js', 'what is shipped imports no tests'],
    ['packages/core/src/testing/a.ts', '../../test/b.js', 'what is shipped imports no tests'],
    ['packages/core/src/runner/a.ts', '@holdfast/core', 'a package imports its own files by path'],
    [
      'packages/core/src/runner/a.ts',
      '@holdfast/adapters/sqlite',
      '@holdfast/core may not import @holdfast/adapters',
    ],
    ['packages/core/src/runner/a.ts', 'lodash', 'packages/core/package.json does not declare lodash'],
    ['packages/core/src/testing/a.ts', 'vitest', 'packages/core/package.json does not declare vitest'],
    [
      'packages/core/src/runner/a.ts',
      'node:fs',
      'core runs wherever JavaScript does: nothing of Node outside src/testing',
    ],
    [
      'packages/core/src/runner/a.ts',
      'fs',
      'core runs wherever JavaScript does: nothing of Node outside src/testing',
    ],
    ['packages/core/test/a.test.ts', '../dist/index.js', 'sources do not import what is built from them'],
    [
      'packages/adapters/src/iphone/a.ts',
      '../attachment-files/index.js',
      'scripts/lib/layers.mjs declares no arrow from iphone/ to attachment-files/',
    ],
    [
      'packages/adapters/src/ios-backup/a.ts',
      '../sqlite/b.js',
      'of sqlite/, ios-backup/ may import only driver.ts',
    ],
    [
      'packages/adapters/src/sqlite/a.ts',
      '../attachment-files/b.js',
      "sqlite/ may only 'import type' from attachment-files/",
    ],
    ['packages/adapters/src/sqlite/a.ts', '@holdfast/core/testing', 'only tests import what is for tests'],
    [
      'packages/adapters/src/sqlite/a.ts',
      '@holdfast/core/dist/index.js',
      '@holdfast/core does not export ./dist/index.js',
    ],
    [
      'packages/adapters/src/sqlite/a.ts',
      'better-sqlite3',
      'packages/adapters/package.json does not declare better-sqlite3',
    ],
    [
      'packages/adapters/test/a.test.ts',
      '../../core/src/index.js',
      'another package is imported by its name',
    ],
    [
      'examples/cli/src/a.ts',
      '../../../packages/core/src/index.js',
      'another package is imported by its name',
    ],
  ])('%s → %s: %s', (file, specifier, reason) => {
    expect(faultsOf(file, specifier)).toEqual([`${file}:1 imports '${specifier}': ${reason}`])
  })
})

it('folders of one tier may import each other, but not in a circle', () => {
  write('packages/core/src/journal/a.ts', `import { b } from '../events/b.js'\nexport { b }\n`)
  write('packages/core/src/events/b.ts', 'export const b = 1\n')
  expect(layerFaults(root)).toEqual([])
  write('packages/core/src/events/c.ts', `\nexport type { D } from '../journal/d.js'\n`)
  expect(layerFaults(root).sort()).toEqual([
    "packages/core/src/events/c.ts:2 imports '../journal/d.js': a circle, as packages/core/journal/ also leads back to packages/core/events/",
    "packages/core/src/journal/a.ts:1 imports '../events/b.js': a circle, as packages/core/events/ also leads back to packages/core/journal/",
  ])
})
