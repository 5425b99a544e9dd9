import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const guide = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8')
const examples = [...guide.matchAll(/^## (.*?)$.*?```ts\n(.*?)```/gms)].map(([, title = '', code = '']) => ({
  title,
  code,
  file: `${title.toLowerCase().replace(/\W+/g, '-')}.mts`,
}))

describe('the examples of the testing guide', () => {
  // They have to stand inside core, where its own name and xstate are resolved as in an app that installed both.
  const folder = fileURLToPath(new URL(`../../core/.testing-guide-${process.pid}/`, import.meta.url))
  beforeAll(() => {
    mkdirSync(folder, { recursive: true })
    for (const { file, code } of examples) writeFileSync(join(folder, file), code)
    const options = {
      extends: '../../../tsconfig.base.json',
      compilerOptions: { types: ['node'], composite: false, noEmit: true, rootDir: '../../..' },
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...options, include: ['*.mts'] }))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are one for each section', () => {
    expect(examples.map(({ title }) => title)).toEqual([
      'One path: the machine itself',
      'Every path: the walk',
      'Time, and ports that fail',
      'Death at any commit',
      'Replay',
      'Adapters of your own',
    ])
  })

  it('have the right types', () => {
    const compiler = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
    const ran = spawnSync(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', folder], {
      encoding: 'utf8',
    })
    expect(ran.stdout).toBe('')
    expect(ran.status, ran.stderr).toBe(0)
  })

  it.each(examples)('run: $title', ({ file }) => {
    const ran = spawnSync(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), '--conditions=@holdfast/source', join(folder, file)],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(ran.status, ran.stderr).toBe(0)
  })
})
