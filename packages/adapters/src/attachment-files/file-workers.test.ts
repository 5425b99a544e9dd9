import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeFileSystem } from './file-system.js'
import { startFileThread } from './file-thread.js'
import { FileWorkers, type FileWorkersOptions } from './file-workers.js'

const signal = new AbortController().signal
const content = Buffer.alloc(700_000, 'content')

let folder: string
let paths: readonly string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-workers-'))
  paths = Array.from({ length: 30 }, (_, index) => join(folder, String(index)))
  for (const path of paths) writeFileSync(path, content)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Hashes every file, and takes every file in; resolves with the results that are not what they should be. */
async function wrongResults(options: Omit<FileWorkersOptions, 'fs'>): Promise<readonly unknown[]> {
  const workers = new FileWorkers({ fs: nodeFileSystem, ...options })
  const sha256 = createHash('sha256').update(content).digest('hex')
  const jobs = paths.flatMap((path) => [
    { kind: 'digest' as const, path, twin: path },
    { kind: 'take' as const, source: path, target: `${path}-taken`, ways: [] },
  ])
  const results = await workers.run(jobs, signal)
  for (const path of paths) rmSync(`${path}-taken`)
  const expected = jobs.map(({ kind }) => ({
    sha256,
    bytes: content.length,
    ...(kind === 'digest'
      ? { way: null, isDurable: false, isTwin: true }
      : { way: 'copy', isDurable: true, isTwin: false }),
  }))
  return expected.filter((result, index) => !isDeepStrictEqual(results[index], result))
}

describe('jobs on files', () => {
  it('are done in threads, as many as are wanted and no more', async () => {
    let started = 0
    const start = (): Worker => {
      started++
      return startFileThread()
    }
    expect(await wrongResults({ threads: 3, start })).toEqual([])
    expect(started).toBe(3)
  })

  it.each([
    [
      'there are no threads',
      () => {
        throw new Error('This host has no threads')
      },
    ],
    ['a thread is no program', () => new Worker('function () { [native code] }', { eval: true })],
    [
      'a thread ends at its first question',
      () =>
        new Worker(`require('node:worker_threads').parentPort.once('message', () => process.exit(3))`, {
          eval: true,
        }),
    ],
  ] as const)('are done on the event loop where %s', async (_, start) => {
    expect(await wrongResults({ threads: 2, start })).toEqual([])
  })

  it('goes on although a thread dies with a file half taken in', async () => {
    // It leaves the beginning of a file where the copy shall be, and dies.
    const program = `
      const { parentPort } = require('node:worker_threads')
      parentPort.once('message', ({ job }) => {
        const { target } = job.jobs.find(({ kind }) => kind === 'take')
        require('node:fs').writeFileSync(target, 'half')
        process.exit(1)
      })`
    const start = (): Worker => new Worker(program, { eval: true })
    expect(await wrongResults({ threads: 2, start })).toEqual([])
  })

  it('go on although a thread dies with some files named', async () => {
    const program = `
      const { parentPort } = require('node:worker_threads')
      parentPort.once('message', ({ job }) => {
        for (const { from, path } of job.jobs.slice(0, 5)) require('node:fs').renameSync(from, path)
        process.exit(1)
      })`
    let started = 0
    const start = (): Worker => {
      started++
      return new Worker(program, { eval: true })
    }
    const workers = new FileWorkers({ fs: nodeFileSystem, threads: 2, start })
    const jobs = paths.map((from) => ({ kind: 'name' as const, from, path: `${from}-named`, again: false }))
    await workers.run([...jobs, { kind: 'sync-folder', path: folder }], signal)
    expect(started).toBeGreaterThan(0)
    expect(readdirSync(folder).sort()).toEqual(jobs.map(({ path }) => basename(path)).sort())
  })

  it.each([0, 2])('name no file that is not there, with %i threads', async (threads) => {
    const workers = new FileWorkers({ fs: nodeFileSystem, threads })
    const [path = ''] = paths
    const job = { kind: 'name' as const, from: join(folder, 'nothing'), path, again: false }
    await expect(workers.run([job], signal)).rejects.toMatchObject({ code: 'STORE_FAILED', facts: { path } })
    expect(readFileSync(path).equals(content)).toBe(true)
  })

  it('tell which of them the file system refused, and begin no more', async () => {
    const workers = new FileWorkers({ fs: nodeFileSystem, threads: 2 })
    const [source = ''] = paths
    const target = join(folder, 'no folder', 'target')
    const job = { kind: 'take' as const, source, target, ways: [] }
    await expect(workers.run([job], signal)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      facts: { path: target },
    })
  })

  it('do not keep the process alive', async () => {
    const program = `
      import { FileWorkers } from ${JSON.stringify(new URL('./file-workers.ts', import.meta.url).href)}
      import * as fs from 'node:fs/promises'
      const workers = new FileWorkers({ fs, threads: 2 })
      const [result] = await workers.run([{ kind: 'digest', path: ${JSON.stringify(paths[0])}, twin: null }], new AbortController().signal)
      process.stdout.write(String(result.bytes))`
    const words = ['--import', 'tsx', '--conditions=@holdfast/source', '--input-type=module', '-e', program]
    const said = execFileSync(process.execPath, words, {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../..'),
    })
    expect(said).toBe(String(content.length))
  })
})
