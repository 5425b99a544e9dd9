import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failingFileSystem, watchedFileSystem } from '../../test/faulty-file-system.js'
import { fileNames } from '../../test/library-fixture.js'
import { attachmentFiles } from './attachment-files.js'
import { nodeFileSystem } from './file-system.js'
import type { AttachmentFiles, FileMove } from './port.js'

const signal = new AbortController().signal
const posix = process.platform !== 'win32'

let base: string
let folder: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-files-'))
  folder = join(base, 'made', 'attachments')
})
afterEach(() => rmSync(base, { recursive: true }))

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function receive(files: AttachmentFiles, ...texts: string[]): Promise<FileMove> {
  const incoming = await files.receive(chunks(...texts), signal)
  return { incoming, name: files.nameFor(incoming.sha256, { name: 'a.txt', mimeType: null }) }
}

/** Size and hash of a file as it is on disk now. */
async function digestOf(files: AttachmentFiles, name: string) {
  const [digest] = await files.digests([{ name, twin: null }], signal)
  return digest && { sha256: digest.sha256, bytes: digest.bytes }
}

async function keep(files: AttachmentFiles, text: string): Promise<string> {
  const move = await receive(files, text)
  await files.keep([move])
  return move.name
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

describe('attachment files', () => {
  it('are refused without a folder, and would lie where the process was started otherwise', () => {
    for (const none of [undefined, '', 7]) {
      expect(() => attachmentFiles(none as never)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    }
  })

  it('stand under the hash of what they hold, for their user alone', async () => {
    const files = attachmentFiles(folder)
    const move = await receive(files, 'Hello ', 'world')
    expect(move.incoming).toMatchObject({ sha256: sha256('Hello world'), bytes: 11 })
    await files.keep([move])
    await files.sweep()
    const hash = sha256('Hello world')
    expect(fileNames(folder)).toEqual([join(hash.slice(0, 2), `${hash}.txt`)])
    expect(readFileSync(join(folder, move.name), 'utf8')).toBe('Hello world')
    if (posix) {
      expect(statSync(join(folder, move.name)).mode & 0o777).toBe(0o600)
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      expect(statSync(join(folder, hash.slice(0, 2))).mode & 0o777).toBe(0o700)
    }
  })

  it('hold empty content as well', async () => {
    const files = attachmentFiles(folder)
    const name = await keep(files, '')
    expect(await files.sizes([name])).toEqual([0])
    expect(await digestOf(files, name)).toEqual({ sha256: sha256(''), bytes: 0 })
  })

  it('tell sizes and hashes as they are on disk now, null where there is no file', async () => {
    const files = attachmentFiles(folder)
    const kept = await keep(files, 'x'.repeat(700_000))
    const absent = files.nameFor(sha256('absent'), { name: null, mimeType: null })
    expect(await files.sizes([absent, kept])).toEqual([null, 700_000])
    expect(await digestOf(files, absent)).toBeNull()
    writeFileSync(join(folder, kept), 'shorter')
    expect(await files.sizes([kept])).toEqual([7])
    expect(await digestOf(files, kept)).toEqual({ sha256: sha256('shorter'), bytes: 7 })
  })

  it('replace what lies under their name, whatever it is', async () => {
    const files = attachmentFiles(folder)
    const outside = join(base, 'outside')
    writeFileSync(outside, 'untouched')
    const name = await keep(files, 'content')
    rmSync(join(folder, name))
    symlinkSync(outside, join(folder, name))
    expect(await files.sizes([name])).toEqual([null])
    expect(await digestOf(files, name)).toBeNull()
    await keep(files, 'content')
    expect(await digestOf(files, name)).toEqual({ sha256: sha256('content'), bytes: 7 })
    expect(readFileSync(outside, 'utf8')).toBe('untouched')
  })

  it.runIf(posix)('do not wait for a named pipe in a file’s place', async () => {
    const files = attachmentFiles(folder)
    const name = await keep(files, 'content')
    rmSync(join(folder, name))
    execFileSync('mkfifo', [join(folder, name)])
    expect(await digestOf(files, name)).toBeNull()
  })

  it('are removed with the folders that are left empty; absent ones are no failure', async () => {
    const files = attachmentFiles(folder)
    const name = await keep(files, 'content')
    await files.remove([name])
    await files.remove([name])
    await files.sweep()
    expect(readdirSync(folder)).toEqual([])
  })

  it('are never read, made or removed through a link in the place of a folder', async () => {
    const files = attachmentFiles(folder)
    const name = await keep(files, 'content')
    const elsewhere = join(base, 'elsewhere')
    mkdirSync(elsewhere)
    const file = name.slice(3)
    writeFileSync(join(elsewhere, file), 'content')
    rmSync(join(folder, name.slice(0, 2)), { recursive: true })
    symlinkSync(elsewhere, join(folder, name.slice(0, 2)))

    const refused = { code: 'DESTINATION_UNWRITABLE' }
    expect(await files.sizes([name])).toEqual([null])
    expect(await digestOf(files, name)).toBeNull()
    await expect(files.remove([name])).rejects.toMatchObject(refused)
    await expect(keep(files, 'content')).rejects.toMatchObject(refused)
    expect(readFileSync(join(elsewhere, file), 'utf8')).toBe('content')
    expect(readdirSync(elsewhere)).toEqual([file])
  })

  it('take no content in, and sweep nothing, through a link in the place of the temporary folder', async () => {
    const elsewhere = join(base, 'elsewhere')
    mkdirSync(elsewhere)
    const innocent = join(elsewhere, '01234567-0123-0123-0123-0123456789ab')
    writeFileSync(innocent, 'x')
    mkdirSync(folder, { recursive: true })
    symlinkSync(elsewhere, join(folder, '.incoming'))
    const files = attachmentFiles(folder)
    await expect(files.receive(chunks('x'), signal)).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
    await expect(files.sweep()).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
    expect(readdirSync(elsewhere)).toHaveLength(1)
  })

  it('refuse names that are not theirs, so that nothing outside is touched', async () => {
    const outside = join(base, 'outside')
    writeFileSync(outside, 'untouched')
    const files = attachmentFiles(folder)
    await expect(files.remove(['../../outside'])).rejects.toMatchObject({ code: 'LIBRARY_DAMAGED' })
    await expect(digestOf(files, '../../outside')).rejects.toMatchObject({ code: 'LIBRARY_DAMAGED' })
    expect(existsSync(outside)).toBe(true)
  })

  it('sweep what a crash left of incoming content, and nothing else', async () => {
    const files = attachmentFiles(folder)
    const name = await keep(files, 'kept')
    await receive(files, 'left')
    writeFileSync(join(folder, '.incoming', 'note.txt'), 'of somebody else')
    await files.sweep()
    expect(fileNames(folder)).toEqual([join('.incoming', 'note.txt'), join(name.slice(0, 2), name.slice(3))])
  })
})

describe('receiving content', () => {
  it('passes the error of the content unchanged and leaves no file', async () => {
    const files = attachmentFiles(folder)
    const failure = new Error('torn')
    const content = (async function* () {
      yield Buffer.from('begun')
      throw failure
    })()
    await expect(files.receive(content, signal)).rejects.toBe(failure)
    expect(fileNames(folder)).toEqual([])
  })

  it('stops between two chunks when it is aborted, and leaves no file', async () => {
    const files = attachmentFiles(folder)
    const stop = new AbortController()
    const reason = new Error('quit')
    let closed = false
    const content = (async function* () {
      try {
        yield Buffer.from('one')
        stop.abort(reason)
        yield Buffer.from('two')
        yield Buffer.from('three')
      } finally {
        closed = true
      }
    })()
    await expect(files.receive(content, stop.signal)).rejects.toBe(reason)
    expect(closed).toBe(true)
    expect(fileNames(folder)).toEqual([])
  })

  it('has it written by others too, into a file of its own, and leaves none when they fail', async () => {
    const files = attachmentFiles(folder)
    const digest = { sha256: sha256('written'), bytes: 7 }
    const write = async (path: string) => {
      writeFileSync(path, 'written', { flag: 'wx', mode: 0o600 })
      return digest
    }
    const incoming = await files.receiveWritten?.(write, signal)
    if (incoming === undefined) throw new Error('nothing was received')
    expect(incoming).toMatchObject({ ...digest, way: 'copy' })
    await files.keep([{ incoming, name: files.nameFor(digest.sha256, { name: 'a.txt', mimeType: null }) }])
    const kept = [join(digest.sha256.slice(0, 2), `${digest.sha256}.txt`)]
    await files.sweep()
    expect(fileNames(folder)).toEqual(kept)

    const failing = (thrown: unknown) => async (path: string) => {
      writeFileSync(path, 'half')
      throw thrown
    }
    const ofTheBackup = new HoldfastError('BACKUP_UNREADABLE', 'torn')
    await expect(files.receiveWritten?.(failing(ofTheBackup), signal)).rejects.toBe(ofTheBackup)
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
    await expect(files.receiveWritten?.(failing(full), signal)).rejects.toMatchObject({
      code: 'DISK_FULL',
      facts: { systemCode: 'ENOSPC', path: expect.stringContaining(folder) },
      cause: full,
    })
    const stop = new AbortController()
    const stopped = async (path: string) => {
      stop.abort(ofTheBackup)
      return failing(full)(path)
    }
    await expect(files.receiveWritten?.(stopped, stop.signal)).rejects.toBe(ofTheBackup)
    await files.sweep()
    expect(fileNames(folder)).toEqual(kept)
  })

  it('may be written by many at the same time, also the very first', async () => {
    const files = attachmentFiles(folder)
    const names = Array.from({ length: 20 }, (_, index) => String(index))
    const receiveNamed = async (name: string) =>
      files.receiveWritten?.(async (path) => {
        writeFileSync(path, name, { flag: 'wx' })
        return { sha256: sha256(name), bytes: name.length }
      }, signal)
    const received = await Promise.all(names.map(receiveNamed))
    expect(received.map((one) => one && readFileSync(one.path, 'utf8'))).toEqual(names)
  })

  it('is written by nobody else where the file system is the host’s', () => {
    expect(attachmentFiles(folder, { fs: nodeFileSystem }).receiveWritten).toBeUndefined()
  })

  for (const [code, told] of [
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EACCES', 'DESTINATION_UNWRITABLE'],
    ['EROFS', 'DESTINATION_UNWRITABLE'],
    ['EIO', 'STORE_FAILED'],
    ['EMFILE', 'STORE_FAILED'],
    ['EBUSY', 'STORE_FAILED'],
  ] as const) {
    it(`tells ${code} as ${told} wherever it happens, and leaves nothing that a sweep does not remove`, async () => {
      for (let n = 1; ; n++) {
        const faulty = failingFileSystem(n, code)
        const files = attachmentFiles(folder, { fs: faulty.fs })
        let failure: unknown = null
        try {
          await keep(files, 'content')
        } catch (thrown) {
          failure = thrown
        }
        if (failure === null) {
          expect(faulty.calls()).toBeLessThan(n)
          expect(n).toBeGreaterThan(10)
          break
        }
        expect(failure, `call ${n}`).toMatchObject({ code: told, facts: { systemCode: code } })
        const whole = attachmentFiles(folder)
        await whole.sweep()
        const name = await keep(whole, 'content')
        expect(fileNames(folder)).toEqual([join(name.slice(0, 2), name.slice(3))])
        rmSync(folder, { recursive: true })
      }
    })
  }
})

describe('checking the folder', () => {
  it('passes where the folder can be made, and leaves nothing behind', async () => {
    await attachmentFiles(folder).check()
    expect(readdirSync(base)).toEqual([])
  })

  it('leaves nothing that looks like content when its process dies, and the next one removes it', async () => {
    const files = attachmentFiles(folder)
    const name = await keep(files, 'content')
    const dying = attachmentFiles(folder, {
      fs: {
        ...nodeFileSystem,
        unlink: async (path) => {
          if (existsSync(path)) throw new Error('killed')
          await nodeFileSystem.unlink(path)
        },
      },
    })
    await expect(dying.check()).rejects.toBeInstanceOf(Error)
    expect(readdirSync(folder)).toContain('.holdfast-probe')
    const listed: string[] = []
    for await (const each of files.list(signal)) listed.push(each)
    expect(listed).toEqual([name])
    await files.check()
    expect(readdirSync(folder)).not.toContain('.holdfast-probe')
  })

  it('refuses a file in the folder’s place, or above it', async () => {
    writeFileSync(join(base, 'made'), 'a file')
    for (const path of [join(base, 'made'), folder]) {
      await expect(attachmentFiles(path).check()).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
    }
  })

  it('refuses a file system that cannot be written', async () => {
    const refuse = (call: string): void => {
      if (call === 'open') throw Object.assign(new Error('EROFS'), { code: 'EROFS' })
    }
    const files = attachmentFiles(folder, { fs: watchedFileSystem(refuse) })
    await expect(files.check()).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
  })
})
