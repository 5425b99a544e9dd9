import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildProgram, program, query, start } from './program.js'

let folder: string
beforeAll(() => {
  buildProgram()
  folder = mkdtempSync(join(tmpdir(), 'holdfast-killed-extract-'))
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('a kill while the phone is backed up: the retry goes on with that backup, and begins no other', async () => {
  const into = join(folder, 'library')
  const backups = join(into, 'backups')
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  process.env['TMPDIR'] = temporary
  try {
    const demo = start('--into', into)
    await demo.says('extract: started')
    const isBeingMade = (): boolean =>
      existsSync(backups) && readdirSync(backups).some((name) => name.endsWith('holdfast-making'))
    while (!isBeingMade()) await new Promise((resolve) => setTimeout(resolve, 10))
    demo.child.kill('SIGKILL')
    await demo.ended
    const retried = await program('retry', '--into', into)
    expect(retried.status, retried.stderr).toBe(0)
    const checkpoints = query(into, "SELECT body FROM holdfast_entries WHERE body LIKE '%step.checkpoint%'")
    expect(checkpoints).toHaveLength(1)
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(backups)).toEqual([])
    expect(existsSync(into)).toBe(true)
  } finally {
    delete process.env['TMPDIR']
  }
})
