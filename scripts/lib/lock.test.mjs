import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withLock } from './lock.mjs'

const module = JSON.stringify(new URL('lock.mjs', import.meta.url).href)
const options = { signal: new AbortController().signal, onWait: () => {} }

/** @type {string} */
let folder
/** @type {string} */
let lock
/** @type {import('node:child_process').ChildProcess[]} */
let children

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  lock = join(folder, 'lock')
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/**
 * Another process; `program` sees `withLock`, `lock`, `options`, `delay` and `log`, which appends a line to a file.
 * @param {string} program
 */
function run(program) {
  const prelude = `
    import { appendFileSync } from 'node:fs'
    import { setTimeout as delay } from 'node:timers/promises'
    const { withLock } = await import(${module})
    const lock = ${JSON.stringify(lock)}
    const log = (line) => appendFileSync(${JSON.stringify(join(folder, 'log'))}, line + '\\n')
    const options = { signal: new AbortController().signal, onWait: () => log('waits') }
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + program], {
    stdio: 'inherit',
  })
  children.push(child)
  return child
}

/** @param {import('node:child_process').ChildProcess} child */
const ended = (child) => new Promise((resolve) => child.once('exit', resolve))

const log = () =>
  existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : []

/** @param {string} line */
async function logged(line) {
  while (!log().includes(line)) await delay(20)
}

it('two processes never work under the lock at the same time, though their lock was abandoned before', async () => {
  writeFileSync(lock, JSON.stringify({ token: 'old', host: hostname(), pid: 2 ** 22 + 1, tool: null }))
  const program = `await withLock(lock, async () => { log('in'); await delay(100); log('out') }, options)`
  await Promise.all(Array.from({ length: 6 }, () => ended(run(program))))
  const work = log().filter((line) => line !== 'waits')
  expect(work).toEqual(Array.from({ length: 6 }, () => ['in', 'out']).flat())
  expect(existsSync(lock)).toBe(false)
})

it('the lock of a process that was killed is taken over', async () => {
  const holder = run(`await withLock(lock, async () => { log('in'); await delay(60_000) }, options)`)
  await logged('in')
  holder.kill('SIGKILL')
  await ended(holder)
  const start = performance.now()
  expect(await withLock(lock, async () => 'mine', options)).toBe('mine')
  expect(performance.now() - start).toBeLessThan(2_000)
})

it('the lock of a process that was killed is respected while the tool that it had started still runs', async () => {
  const tool = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
  children.push(tool)
  const holder = run(
    `await withLock(lock, async ({ noteTool }) => { noteTool(${tool.pid}); log('in'); await delay(60_000) }, options)`,
  )
  await logged('in')
  holder.kill('SIGKILL')
  await ended(holder)

  let entered = false
  const next = withLock(lock, async () => (entered = true), options)
  await delay(1_000)
  expect(entered).toBe(false)
  tool.kill('SIGKILL')
  expect(await next).toBe(true)
})

it('a lock whose process was killed before it had written its name is taken over', async () => {
  writeFileSync(lock, '')
  const before = new Date(Date.now() - 10_000)
  utimesSync(lock, before, before)
  expect(await withLock(lock, async () => 'mine', options)).toBe('mine')
})

it('the lock is given back when the work fails', async () => {
  await expect(withLock(lock, () => Promise.reject(new Error('no')), options)).rejects.toThrow('no')
  expect(existsSync(lock)).toBe(false)
})

it('waiting ends when it is aborted, and says once for whom it waits', async () => {
  const holder = run(`await withLock(lock, async () => { log('in'); await delay(60_000) }, options)`)
  await logged('in')
  const controller = new AbortController()
  /** @type {unknown[]} */
  const waitedFor = []
  const waiting = withLock(lock, async () => 'mine', {
    signal: controller.signal,
    onWait: (process) => waitedFor.push(process?.pid),
  })
  setTimeout(() => controller.abort(new Error('enough')), 700)
  await expect(waiting).rejects.toThrow('enough')
  expect(waitedFor).toEqual([holder.pid])
})

it('a holder whose lock another process has taken over is told, and leaves that lock alone', async () => {
  const other = JSON.stringify({ token: 'other', host: hostname(), pid: process.pid, tool: null })
  const work = withLock(
    lock,
    async ({ lost }) => {
      writeFileSync(lock, other)
      while (!lost.aborted) await delay(50)
      return 'told'
    },
    options,
  )
  expect(await work).toBe('told')
  expect(readFileSync(lock, 'utf8')).toBe(other)
})
