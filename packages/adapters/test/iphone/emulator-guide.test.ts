import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const guide = readFileSync(new URL('../../../../docs/emulated-iphone.md', import.meta.url), 'utf8')

test('the example of the guide to the emulated iPhone runs as it stands', () => {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(guide) ?? []
  expect(code).toContain('EmulatedIphone.start')
  // It has to stand inside the package, where its own name is resolved as in an app that installed it.
  const folder = fileURLToPath(new URL(`../../.emulator-guide-${process.pid}/`, import.meta.url))
  mkdirSync(folder, { recursive: true })
  try {
    const script = join(folder, 'example.mts')
    writeFileSync(script, code)
    const ran = spawnSync(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), '--conditions=@holdfast/source', script],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(ran.status, ran.stderr).toBe(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
