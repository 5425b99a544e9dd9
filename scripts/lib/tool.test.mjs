import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Interrupted, runTool } from './tool.mjs'

/** @type {string} */
let cwd
const never = new AbortController().signal

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'holdfast-tool-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

/**
 * @param {string} program
 * @param {Partial<import('./tool.mjs').ToolOptions>} [options]
 */
const node = (program, options) =>
  runTool(process.execPath, ['-e', program], { cwd, signal: never, ...options })

describe('a tool', () => {
  it('gives its status and all that it printed', async () => {
    const program = `console.log('out'); console.error('err'); process.exit(3)`
    const { status, output } = await node(program)
    expect(status).toBe(3)
    expect(output.split('\n').sort()).toEqual(['', 'err', 'out'])
  })

  it('that a signal ended has the status 128+n', async () => {
    expect((await node(`process.kill(process.pid, 'SIGTERM')`)).status).toBe(143)
  })

  it('that is not there has the status 127', async () => {
    expect((await runTool(join(cwd, 'missing'), [], { cwd, signal: never })).status).toBe(127)
  })

  it('is ended when its time is up', async () => {
    expect((await node('setTimeout(() => {}, 60_000)', { timeoutMs: 200 })).status).toBe(143)
  })

  it('that is aborted takes along what it has started', async () => {
    const ready = join(cwd, 'ready')
    const late = join(cwd, 'late')
    const grandchild = `require('fs').writeFileSync('ready', ''); setTimeout(() => require('fs').writeFileSync('late', ''), 1_000)`
    const child = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(grandchild)}])`
    const controller = new AbortController()
    const run = node(child, { signal: controller.signal })
    const outcome = run.catch((/** @type {unknown} */ error) => error)
    while (!existsSync(ready)) await delay(20)

    const interrupted = new Interrupted('SIGINT')
    controller.abort(interrupted)
    expect(await outcome).toBe(interrupted)
    expect(interrupted.exitStatus).toBe(130)
    await delay(1_500)
    expect(existsSync(late)).toBe(false)
  })
})
