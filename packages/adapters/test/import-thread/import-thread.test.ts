import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Run } from '@holdfast/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { importThread } from '../../src/import-thread/index.js'
import type { KeyVault } from '../../src/ios-backup/index.js'
import { makeSyntheticBackup, type SyntheticBackup } from '../../src/testing/index.js'
import { Workshop } from '../import-workshop.js'
import { dumpLibrary } from '../library-fixture.js'
import { type BundledProgram, bundleProgram } from './bundle-program.js'
import { type AppOptions, openThreadedApp } from './threaded-app.js'

const seed = 'import thread'
const password = 'Kl1ppfischer-Zoë-44'
let program: BundledProgram
let source: string
let backup: SyntheticBackup
let encrypted: SyntheticBackup
/** What an import in the host's own thread makes of the backup. */
let plain: { readonly library: unknown; readonly receipt: unknown }

beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), 'holdfast-thread-source-'))
  const make = { into: source, seed, messages: 400, attachments: 40 }
  backup = await makeSyntheticBackup(make)
  encrypted = await makeSyntheticBackup({
    ...make,
    into: join(source, 'encrypted'),
    encryption: { password },
  })
  program = await bundleProgram('program.ts')
  const workshop = new Workshop()
  const app = workshop.openApp()
  const run = await app.import({ path: backup.path })
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  plain = { library: dumpLibrary(workshop.folder), receipt: outcome.outputs['verify'] }
  await workshop.cleanUp()
})
afterAll(async () => {
  program.remove()
  await rm(source, { recursive: true, force: true })
})

let folder: string
let opened: ReturnType<typeof openThreadedApp>[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-thread-'))
})
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
  opened = []
  await rm(folder, { recursive: true, force: true })
})

function open(options: AppOptions = {}) {
  const app = openThreadedApp(folder, program.file, options)
  opened.push(app)
  return app
}

const lost = { status: 'retryable', error: { code: 'THREAD_LOST', retryable: true } }

function nextEvent(run: Run, type: 'run.asked' | 'step.progress'): Promise<void> {
  return new Promise((resolve) => run.events.once(type, () => resolve()))
}

/** All bytes on disk below the folder. */
function written(): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  return Buffer.concat(files.map((each) => readFileSync(join(each.parentPath, each.name))))
}

describe('an import in a thread', () => {
  test("makes the library that one in the host's own thread makes, row for row and file for file", async () => {
    const { run } = await open().start(backup.path)
    const outcome = await run.outcome()
    expect(outcome).toMatchObject({ status: 'done' })
    expect(dumpLibrary(folder)).toEqual(plain.library)
    const { digest, counts } = plain.receipt as { digest: string; counts: unknown }
    expect(outcome).toMatchObject({ outputs: { verify: { digest, counts } } })
  })

  test('tells how far it has come', async () => {
    const { run, events } = await open().start(backup.path)
    await run.outcome()
    const told = events.filter((event) => event.type === 'step.progress')
    expect(new Set(told.map((event) => event.type === 'step.progress' && event.step))).toEqual(
      new Set(['store', 'verify']),
    )
  })

  test("says what is wrong with a backup as one in the host's own thread does", async () => {
    const workshop = new Workshop()
    const missing = join(folder, 'nothing')
    const here = workshop.openApp()
    const expected = await (await here.import({ path: missing })).outcome()
    const { run } = await open().start(missing)
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      error: expected.status === 'retryable' ? expected.error : null,
    })
    await workshop.cleanUp()
  })

  test('that is cancelled in the middle of the store parks, and goes on behind its last batch', async () => {
    const app = open({ batchSize: 10 })
    const { run } = await app.start(backup.path)
    await nextEvent(run, 'step.progress')
    await run.cancel()
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    expect(app.threads).toHaveLength(1)
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(dumpLibrary(folder)).toEqual(plain.library)
  })
})

describe('a thread that dies', () => {
  test.each([
    ['because something in it ends the process', { how: 'exit', batch: 4 }],
    ['of an error that nobody catches', { how: 'throw', batch: 4 }],
    ['of a lack of memory', { how: 'memory', batch: 4 }],
    ['while it verifies', { how: 'exit', item: 230 }],
  ] as const)('%s parks the run, and a retry in another one makes the same library', async (_how, mishap) => {
    const app = open({
      mishaps: [mishap],
      limits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
    })
    const { run } = await app.start(backup.path)
    expect(await run.outcome()).toMatchObject(lost)
    expect(existsSync(backup.path)).toBe(true)
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(app.threads).toHaveLength(2)
    expect(dumpLibrary(folder)).toEqual(plain.library)
  })

  test('whenever it is killed, leaves a run that a retry ends', async () => {
    const app = open({ batchSize: 5 })
    const { run } = await app.start(backup.path)
    for (let kills = 0; kills < 4; kills++) {
      await nextEvent(run, 'step.progress')
      await app.threads.at(-1)?.terminate()
      expect(await run.outcome()).toMatchObject(lost)
      await run.retry()
    }
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(dumpLibrary(folder)).toEqual(plain.library)
  })

  test('because its program cannot be run says so, and that a retry does not help', async () => {
    const work = importThread({
      start: () => new Worker(join(folder, 'nothing.mjs')),
      resources: ['library:x'],
    })
    const failure = await work.imports().catch((thrown: unknown) => thrown)
    expect(failure).toMatchObject({
      code: 'THREAD_LOST',
      retryable: false,
      facts: { systemCode: expect.stringContaining('MODULE_NOT_FOUND') },
    })
    await work.close()
  })

  test('that cannot be started says so', async () => {
    const work = importThread({
      start: () => {
        throw new Error('There are no threads here')
      },
      resources: ['library:x'],
    })
    await expect(work.imports()).rejects.toMatchObject({ code: 'THREAD_LOST', retryable: false })
    await work.close()
  })
})

describe('an encrypted backup in a thread', () => {
  /** Answers the questions of a run, and counts them. */
  function answering(run: Run): { readonly asked: () => number } {
    let asked = 0
    const answer = (): void => {
      asked += 1
      void run.provide('password', password)
    }
    run.events.on('run.asked', answer)
    if (run.view.getSnapshot().ask !== null) answer()
    return { asked: () => asked }
  }

  test('has its password asked for once, which is then written nowhere, and neither is the key', async () => {
    const keys: Uint8Array[] = []
    const app = open({
      vault: { get: () => null, set: (_name, key) => void keys.push(key), delete: () => undefined },
    })
    const { run, events } = await app.start(encrypted.path)
    const { asked } = answering(run)
    const outcome = await run.outcome()
    expect(outcome).toMatchObject({ status: 'done' })
    expect(asked()).toBe(1)
    const told = JSON.stringify([outcome, events, run.view.getSnapshot(), await app.runner.report(run.id)])
    expect(keys).not.toHaveLength(0)
    await app.close()
    const disk = written()
    for (const secret of [Buffer.from(password), ...keys.map((key) => Buffer.from(key))]) {
      expect(disk.includes(secret)).toBe(false)
      for (const text of [secret.toString('utf8'), secret.toString('hex'), secret.toString('base64')]) {
        expect(told).not.toContain(text)
        expect(disk.includes(text)).toBe(false)
      }
    }
    expect(dumpLibrary(folder)).toEqual(plain.library)
  })

  test("opens with the key of a vault that lives in the host's own thread", async () => {
    const held = new Map<string, Uint8Array>()
    const vault: KeyVault = {
      get: (name) => held.get(name),
      set: (name, key) => void held.set(name, key),
      delete: (name) => void held.delete(name),
    }
    const first = open({ vault })
    const { run } = await first.start(encrypted.path)
    answering(run)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    const [[name, key] = ['', new Uint8Array()]] = held
    // As a host may keep it: in memory that it shares with other things, which must not cross.
    held.set(name, Buffer.concat([Buffer.alloc(16), key, Buffer.alloc(16)]).subarray(16, 48))
    const second = await first.start(encrypted.path)
    const { asked } = answering(second.run)
    expect(await second.run.outcome()).toMatchObject({ status: 'done' })
    expect(asked()).toBe(0)
  })

  test('is asked for again when the thread that had its key has died', async () => {
    const app = open({ mishaps: [{ how: 'exit', batch: 2 }] })
    const { run } = await app.start(encrypted.path)
    const { asked } = answering(run)
    expect(await run.outcome()).toMatchObject(lost)
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(asked()).toBe(2)
  })

  test('parks with PASSWORD_WRONG, and the thread is told of a cancel while it waits for an answer', async () => {
    const app = open()
    const { run } = await app.start(encrypted.path)
    await nextEvent(run, 'run.asked')
    await run.cancel()
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    await run.retry()
    for (const wrong of ['one', 'two', 'three']) {
      await nextEvent(run, 'run.asked')
      await run.provide('password', wrong)
    }
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      error: { code: 'PASSWORD_WRONG', hint: expect.stringContaining('encryption') },
    })
  })
})

describe('the thread', () => {
  test('is there when there is work, one for all of it, and ends when it was idle', async () => {
    const app = open({ thread: { idle: 1 } })
    expect(app.threads).toHaveLength(0)
    await Promise.all([app.work.imports(), app.work.check({ backupPath: null }), app.work.imports()])
    expect(app.threads).toHaveLength(1)
    const [thread] = app.threads
    if (thread !== undefined && thread.threadId !== -1) {
      await new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    }
    // It has closed its connection: the log is gone with the last one.
    expect(existsSync(join(folder, 'library.db-wal'))).toBe(false)
    expect(await app.work.imports()).toEqual([])
    expect(app.threads).toHaveLength(2)
  })

  /** An app whose thread was just asked to end, because it was idle. */
  async function openEnding() {
    const app = open({ thread: { idle: 1 } })
    await app.work.imports()
    const [thread] = app.threads
    if (thread === undefined) throw new Error('no thread was started')
    await new Promise<void>((resolve) => {
      const post = thread.postMessage.bind(thread)
      thread.postMessage = (message: unknown) => {
        post(message)
        if (JSON.stringify(message).includes('"close"')) resolve()
      }
    })
    return { ...app, thread }
  }

  test('that is ending is given no more work: it has ended when another does that', async () => {
    const app = await openEnding()
    expect(await Promise.all([app.work.imports(), app.work.imports()])).toEqual([[], []])
    expect(app.thread.threadId).toBe(-1)
    expect(app.threads).toHaveLength(2)
  })

  test('that is ending is waited for by close, and whoever waits for it is told', async () => {
    const app = await openEnding()
    const call = app.work.imports()
    const closed = app.work.close()
    await expect(call).rejects.toMatchObject({ code: 'THREAD_LOST', retryable: false })
    await closed
    expect(app.threads.map(({ threadId }) => threadId)).toEqual([-1])
  })

  test('ends with close, and there is no other afterwards', async () => {
    const app = open()
    const { run } = await app.start(backup.path)
    await nextEvent(run, 'step.progress')
    await app.work.close()
    expect(app.threads.map(({ threadId }) => threadId)).toEqual([-1])
    expect(await run.outcome()).toMatchObject(lost)
    await expect(app.work.imports()).rejects.toMatchObject({ code: 'THREAD_LOST', retryable: false })
    await app.work.close()
  })

  test('whose storage is another than was said is refused: two runs could fill one library', async () => {
    const app = open({ thread: { resources: ['library:another'] } })
    await expect(app.work.imports()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      facts: { option: 'resources' },
    })
  })
})
