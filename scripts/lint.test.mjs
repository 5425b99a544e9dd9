import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { root } from './lib/workspace.mjs'

/** @type {string} */
let folder
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lint-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** @param {Record<string, string>} files */
function lint(files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint')
  const args = [oxlint, '--config', join(root, '.oxlintrc.json'), '--format=unix', '.']
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  return [...stdout.matchAll(/^(.*\.ts):\d+:\d+: .*\[Error\/(.*)\]$/gm)]
    .map((match) => `${match[1]} ${match[2]}`)
    .sort()
}

it('the linter follows .js specifiers to their sources and finds cycles, of types alone too', () => {
  const found = lint({
    'a.ts': `import { b } from './b.js'\nexport const a = (): number => b()\n`,
    'b.ts': `export { c as b } from './c.js'\n`,
    'c.ts': `import { a } from './a.js'\nexport const c = (): number => a()\n`,
    'd.ts': `import type { E } from './e.js'\nexport type D = E[]\n`,
    'e.ts': `import type { D } from './d.js'\nexport type E = { d: D }\n`,
    'f.ts': `import { a } from './a.js'\nexport const f = a\n`,
  })
  expect(found).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.ts import(no-cycle)`))
})

it('the linter knows types: a promise that nobody waits for is an error', () => {
  writeFileSync(join(folder, 'tsconfig.json'), '{}')
  const work = 'const work = async (): Promise<void> => {}\n'
  expect(lint({ 'a.ts': `${work}work()\nexport {}\n`, 'b.ts': `${work}await work()\nexport {}\n` })).toEqual([
    'a.ts typescript(no-floating-promises)',
  ])
})
