import { spawnSync } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../../testing/synthetic-backup/random.js'
import { BlobReading, type BlobReadingOptions } from './blob-reading.js'
import { startBlobThread } from './blob-thread.js'

const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
const random = new Random(`blobs ${seed}`)
const key = random.bytes(32)
const { signal } = new AbortController()
/** More than two stretches of a thread, and more than it hashes at a time. */
const many = random.bytes(5 * 2 ** 20 + 77)
let folder: string
let made = 0
let opened: BlobReading[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-blobs-'))
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  opened = []
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A file that holds the content encrypted. */
async function encrypted(content: Uint8Array, padded = true): Promise<string> {
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(padded)
  const path = join(folder, String(made++))
  await writeFile(path, Buffer.concat([cipher.update(content), cipher.final()]))
  return path
}

function reader(options: BlobReadingOptions = {}): BlobReading {
  const each = new BlobReading(options)
  opened.push(each)
  return each
}

/** Threads that are counted, each of them a real one. */
function counted() {
  const started: Worker[] = []
  const start = (): Worker => {
    const worker = startBlobThread()
    started.push(worker)
    return worker
  }
  return { started, start }
}

async function contentOf(by: BlobReading, path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of by.read(path, key, signal)) pieces.push(piece)
  return Buffer.concat(pieces)
}

const digestOf = (content: Uint8Array) => ({
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: content.length,
})

/** The content as it is copied, with what the copying has said of it. */
async function copied(by: BlobReading, path: string, withKey: Uint8Array | null = key) {
  const target = join(folder, `copy-${made++}`)
  const digest = await by.copy(path, withKey, target, signal)
  return { digest, content: await readFile(target), mode: (await stat(target)).mode & 0o777 }
}

const noThreads = (): Worker => {
  throw new Error('This host has no threads')
}
/** Ends at its first question. */
const dies = (): Worker =>
  new Worker(`require('node:worker_threads').parentPort.once('message', () => process.exit(3))`, {
    eval: true,
  })
/** Is no program at all. */
const broken = (): Worker => new Worker('function () { [native code] }', { eval: true })

const ways: readonly (readonly [string, BlobReadingOptions])[] = [
  ['in threads', {}],
  ['in one thread', { threads: 1 }],
  ['where no thread can be started', { start: noThreads }],
  ['where a thread dies at its first file', { start: dies }],
  ['where the program of the threads cannot be run', { start: broken }],
]

describe.each(ways)(`decrypting files %s (seed ${seed}; HOLDFAST_SEED repeats it)`, (_way, options) => {
  test('gives the content of files of any length, with and without padding, several at a time', async () => {
    const by = reader(options)
    const lengths = [0, 1, 15, 16, 17, 65_519, 65_520, 65_536, 262_127, 262_128, 262_144, 262_145, 524_288]
    const all = [...lengths, many.length, ...Array.from({ length: 10 }, () => random.integer(0, 400_000))]
    await Promise.all(
      all.map(async (length) => {
        const content = length === many.length ? Buffer.from(many) : random.bytes(length)
        // A last byte of 0 is no padding.
        if (length > 0) content[length - 1] = 0
        const padded = length % 16 !== 0 || length % 32 === 0
        const path = await encrypted(content, padded)
        expect((await contentOf(by, path)).equals(content), `${length} bytes`).toBe(true)
        expect(await by.digest(path, key, signal), `${length} bytes`).toEqual(digestOf(content))
        const copy = await copied(by, path)
        expect(copy.digest, `${length} bytes`).toEqual(digestOf(content))
        expect(copy.content.equals(content), `${length} bytes`).toBe(true)
      }),
    )
  })

  test('hashes and copies files that are not encrypted as they are', async () => {
    const by = reader(options)
    for (const length of [0, 16, 262_144, 262_145, many.length]) {
      const content = many.subarray(0, length)
      const path = join(folder, String(made++))
      await writeFile(path, content)
      expect(await by.digest(path, null, signal), `${length} bytes`).toEqual(digestOf(content))
      const copy = await copied(by, path, null)
      expect(copy.digest, `${length} bytes`).toEqual(digestOf(content))
      expect(copy.content.equals(content), `${length} bytes`).toBe(true)
    }
  })

  test('copies for the user alone, and never over what is there', async () => {
    const by = reader(options)
    const content = random.bytes(1000)
    const path = await encrypted(content)
    if (process.platform !== 'win32') expect((await copied(by, path)).mode).toBe(0o600)
    const target = join(folder, String(made++))
    await writeFile(target, 'of somebody')
    // As the file system says it: what it means is known to whoever named the place.
    const refused = { name: 'Error', code: 'EEXIST' }
    await expect(by.copy(path, key, target, signal)).rejects.toMatchObject(refused)
    expect(await readFile(target, 'utf8')).toBe('of somebody')
    const nowhere = join(folder, 'no folder', 'target')
    await expect(by.copy(path, key, nowhere, signal)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await copied(by, path)).content).toEqual(content)
  })

  test('gives no bytes for a file without any', async () => {
    const path = join(folder, String(made++))
    await writeFile(path, '')
    expect(await contentOf(reader(options), path)).toHaveLength(0)
    expect(await reader(options).digest(path, key, signal)).toEqual(digestOf(Buffer.alloc(0)))
  })

  test('leaves bytes behind the last whole block out', async () => {
    const content = random.bytes(1024)
    const path = await encrypted(content)
    await truncate(path, 1024 + 5)
    expect(await contentOf(reader(options), path)).toEqual(content)
  })

  test('says BACKUP_UNREADABLE for a file that has vanished, and goes on with others', async () => {
    const by = reader(options)
    const path = await encrypted(random.bytes(100))
    await unlink(path)
    const failure = { code: 'BACKUP_UNREADABLE', facts: { path, systemCode: 'ENOENT' } }
    await expect(contentOf(by, path)).rejects.toMatchObject(failure)
    await expect(by.digest(path, key, signal)).rejects.toMatchObject(failure)
    await expect(copied(by, path)).rejects.toMatchObject(failure)
    const content = random.bytes(1000)
    expect(await contentOf(by, await encrypted(content))).toEqual(content)
  })

  test('says BACKUP_UNREADABLE for a folder in place of a file', async () => {
    await expect(contentOf(reader(options), folder)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
  })

  test.skipIf(process.platform === 'win32')('says BACKUP_UNSAFE for a link', async () => {
    const link = join(folder, String(made++))
    await symlink(await encrypted(random.bytes(100)), link)
    const by = reader(options)
    await expect(contentOf(by, link)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
    for (const withKey of [key, null]) {
      await expect(by.digest(link, withKey, signal)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
      await expect(copied(by, link, withKey)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
    }
  })

  test('stops with the reason of the signal, before and between pieces', async () => {
    const by = reader(options)
    const path = await encrypted(many)
    const controller = new AbortController()
    const reading = by.read(path, key, controller.signal)
    await reading.next()
    const hashing = by.digest(path, key, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(hashing).rejects.toBe(reason)
    await expect(
      (async () => {
        for await (const _ of reading);
      })(),
    ).rejects.toBe(reason)
    await expect(by.digest(path, key, controller.signal)).rejects.toBe(reason)
    const target = join(folder, String(made++))
    await expect(by.copy(path, key, target, controller.signal)).rejects.toBe(reason)
    await expect(by.read(path, key, controller.signal).next()).rejects.toBe(reason)
  })

  test('stops in the middle of a file that is copied, and writes no more to it', async () => {
    const by = reader(options)
    // Sparse: a gibibyte that takes no room, and longer to be hashed than the abort takes to be seen.
    const large = join(folder, String(made++))
    await writeFile(large, '')
    await truncate(large, 2 ** 30)
    const target = join(folder, String(made++))
    const controller = new AbortController()
    const reason = new Error('quit')
    const copying = by.copy(large, null, target, controller.signal)
    setTimeout(() => controller.abort(reason), 20)
    await expect(copying).rejects.toBe(reason)
    const left = await stat(target).catch(() => null)
    expect(left?.size ?? 0).toBeLessThan(2 ** 30)
    await rm(target, { force: true })
    await rm(large)
    // Also a thread that had the file to itself has let it go, and does the next.
    expect(await by.digest(await encrypted(many), key, signal)).toEqual(digestOf(many))
    await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('reads nothing more once it is closed', async () => {
    const by = reader(options)
    const path = await encrypted(random.bytes(100))
    await by.close()
    await by.close()
    await expect(contentOf(by, path)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
    await expect(by.digest(path, key, signal)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
  })
})

describe('the threads', () => {
  test('are started when there is work for them, another when all have some, and no more than were allowed', async () => {
    const { started, start } = counted()
    const by = reader({ threads: 2, start })
    const path = await encrypted(many)
    expect(started).toHaveLength(0)
    await by.digest(path, key, signal)
    await by.digest(path, key, signal)
    expect(started).toHaveLength(1)
    await Promise.all([1, 2, 3, 4].map(() => by.digest(path, key, signal)))
    expect(started).toHaveLength(2)
  })

  test('end when it is closed, and a file that is being read fails then with BACKUP_UNREADABLE', async () => {
    const { started, start } = counted()
    const by = reader({ start })
    const path = await encrypted(many)
    const reading = by.read(path, key, signal)
    await reading.next()
    const hashing = Promise.allSettled([by.digest(path, key, signal)])
    await by.close()
    expect(await hashing).toMatchObject([{ status: 'rejected', reason: { code: 'BACKUP_UNREADABLE' } }])
    await expect(
      (async () => {
        for await (const _ of reading);
      })(),
    ).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE', message: expect.stringContaining('closed') })
    expect(started.map(({ threadId }) => threadId)).toEqual(started.map(() => -1))
  })

  test('that die in the middle of a file are done without: the content goes on where it was', async () => {
    const { started, start } = counted()
    const by = reader({ threads: 1, start })
    const content = many
    const path = await encrypted(content)
    const reading = by.read(path, key, signal)
    const pieces: Uint8Array[] = []
    for await (const piece of reading) {
      pieces.push(piece)
      if (pieces.length === 3) await started[0]?.terminate()
    }
    expect(Buffer.concat(pieces).equals(content)).toBe(true)
    expect(await by.digest(path, key, signal)).toEqual(digestOf(content))
    expect(started).toHaveLength(1)
  })

  test('that die in the middle of a copy are done without: what is left of it is written anew', async () => {
    const program = `
      require('node:worker_threads').parentPort.once('message', ({ job }) => {
        require('node:fs').writeFileSync(job.target, 'half')
        process.exit(1)
      })`
    const by = reader({ threads: 1, start: () => new Worker(program, { eval: true }) })
    const copy = await copied(by, await encrypted(many))
    expect(copy.digest).toEqual(digestOf(many))
    expect(copy.content.equals(many)).toBe(true)
  })

  test.skipIf(process.platform !== 'linux')('hold no file open that nobody wants any more', async () => {
    const by = reader({ threads: 1 })
    const path = await encrypted(many)
    const content = random.bytes(1000)
    const other = await encrypted(content)
    const leaveOne = async (): Promise<number> => {
      for await (const _ of by.read(path, key, signal)) break
      // Behind it in the thread's queue, so that the file is closed by now.
      expect(await contentOf(by, other)).toEqual(content)
      return (await readdir('/proc/self/fd')).length
    }
    const before = await leaveOne()
    for (let time = 0; time < 20; time++) expect(await leaveOne()).toBe(before)
  })

  test('do not keep a process alive, unless somebody waits for content', async () => {
    const content = many
    const path = await encrypted(content)
    const module = new URL('./blob-reading.ts', import.meta.url).href
    const program = `
      import { BlobReading } from ${JSON.stringify(module)}
      const by = new BlobReading()
      const { sha256 } = await by.digest(${JSON.stringify(path)}, Buffer.from('${key.toString('hex')}', 'hex'), new AbortController().signal)
      console.log(sha256)`
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--conditions=@holdfast/source', '--input-type=module', '-e', program],
      { encoding: 'utf8', timeout: 60_000, cwd: fileURLToPath(new URL('../../../', import.meta.url)) },
    )
    expect({ stdout: stdout.trim(), stderr, status }).toEqual({
      stdout: digestOf(content).sha256,
      stderr: '',
      status: 0,
    })
  })
})
