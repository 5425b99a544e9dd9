import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failingFileSystem, watchedFileSystem } from '../../test/faulty-file-system.js'
import { fileNames } from '../../test/library-fixture.js'
import { attachmentFiles } from './attachment-files.js'
import type { AttachmentFiles, FileMove } from './port.js'

const signal = new AbortController().signal
const posix = process.platform !== 'win32'

let base: string
let folder: string
let backup: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-taking-'))
  folder = join(base, 'attachments')
  backup = join(base, 'backup')
  mkdirSync(backup)
})
afterEach(() => rmSync(base, { recursive: true }))

function blob(name: string, content: string | Uint8Array): string {
  writeFileSync(join(backup, name), content, { mode: 0o644 })
  return join(backup, name)
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Takes files in and keeps them; resolves with what was kept. */
async function takeAll(
  files: AttachmentFiles,
  paths: readonly string[],
  mayLink: boolean,
): Promise<readonly FileMove[]> {
  const taken = await files.receiveFiles(paths, { mayLink, signal })
  const moves = taken.flatMap((incoming) =>
    incoming === null
      ? []
      : [{ incoming, name: files.nameFor(incoming.sha256, { name: null, mimeType: null }) }],
  )
  await files.keep(moves)
  return moves
}

const inode = (path: string): number => statSync(path).ino
const nameOf = ([move]: readonly FileMove[]): string => join(folder, move?.name ?? 'nothing was kept')

/** A file system that has no clones, as most have none, and answers to `link` with this code. */
const refusing = (code: string) =>
  watchedFileSystem((call) => {
    if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
    if (call === 'link') throw Object.assign(new Error('no links'), { code })
  })

for (const [where, options] of [
  ['in threads', { threads: 3 }],
  ['on the event loop', { threads: 0 }],
] as const) {
  describe(`taking files in ${where}`, () => {
    it('gives each its hash, whatever its size, in the order in which they were asked for', async () => {
      const contents = [0, 1, 255_999, 262_144, 262_145, 3_000_001, 17].map((size, index) =>
        Buffer.alloc(size, index + 1),
      )
      const paths = contents.map((content, index) => blob(`b${index}`, content))
      const files = attachmentFiles(folder, options)
      const taken = await files.receiveFiles(paths, { mayLink: false, signal })
      expect(taken.map((one) => one && { sha256: one.sha256, bytes: one.bytes })).toEqual(
        contents.map((content) => ({ sha256: sha256(content), bytes: content.length })),
      )
      const moves = await takeAll(files, paths, false)
      const requests = moves.map(({ name }) => ({ name, twin: null }))
      expect((await files.digests(requests, signal)).map((one) => one?.sha256)).toEqual(contents.map(sha256))
    })

    it('links a file of a backup that will go, and copies or clones one of a backup that stays', async () => {
      const goes = blob('goes', 'of a backup that goes')
      const stays = blob('stays', 'of a backup that stays')
      const files = attachmentFiles(folder, { ...options, sharing: 'links' })
      const [linked] = await files.receiveFiles([goes], { mayLink: true, signal })
      const [copied] = await files.receiveFiles([stays], { mayLink: false, signal })
      // Where the file system has clones, both are clones.
      if (linked?.way !== 'clone') expect([linked?.way, copied?.way]).toEqual(['link', 'copy'])
      expect(inode(copied?.path ?? '')).not.toBe(inode(stays))
      expect(inode(linked?.path ?? '') === inode(goes)).toBe(linked?.way === 'link')
    })

    it('tells null for what is no regular file, and leaves nothing of it', async () => {
      const link = join(backup, 'link')
      symlinkSync(blob('target', 'x'), link)
      const absent = join(backup, 'absent')
      const files = attachmentFiles(folder, options)
      for (const mayLink of [true, false])
        expect(await files.receiveFiles([link, backup, absent], { mayLink, signal })).toEqual([
          null,
          null,
          null,
        ])
      expect(fileNames(folder)).toEqual([])
    })

    it('stops in the middle of a file when it is aborted, and leaves nothing', async () => {
      // Sparse: a gibibyte that takes no room, and longer to be hashed than the abort takes to be seen.
      const large = blob('large', '')
      truncateSync(large, 2 ** 30)
      const files = attachmentFiles(folder, options)
      const stop = new AbortController()
      const reason = new Error('quit')
      const taking = files.receiveFiles([large], { mayLink: true, signal: stop.signal })
      setTimeout(() => stop.abort(reason), 20)
      await expect(taking).rejects.toBe(reason)
      expect(fileNames(folder)).toEqual([])
      expect(existsSync(large)).toBe(true)
    })

    it('says whether a file is the very one at another path', async () => {
      const path = blob('goes', 'one file, two names')
      const other = blob('other', 'one file, two names')
      const files = attachmentFiles(folder, options)
      const [move] = await takeAll(files, [path], true)
      if (move === undefined) throw new Error('nothing was kept')
      const { name, incoming } = move
      const twins = [path, other, join(backup, 'absent'), null].map((twin) => ({ name, twin }))
      const found = await files.digests(twins, signal)
      expect(found.map((one) => one?.isTwin)).toEqual([incoming.way === 'link', false, false, false])
      expect(found.every((one) => one?.sha256 === sha256('one file, two names'))).toBe(true)
    })
  })
}

describe('a link to a file of the backup', () => {
  const open = (more: object = {}) => attachmentFiles(folder, { fs: refusing('none'), ...more })
  /** Links are made, clones are not, so that the test is about links on every file system. */
  const linking = () =>
    attachmentFiles(folder, {
      fs: watchedFileSystem((call) => {
        if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
      }),
    })

  for (const code of ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EACCES', 'ENOSYS']) {
    it(`is a copy where the file system answers ${code}`, async () => {
      const path = blob('a', 'content')
      const files = attachmentFiles(folder, { fs: refusing(code) })
      const moves = await takeAll(files, [path], true)
      expect(moves[0]?.incoming.way).toBe('copy')
      expect(readFileSync(nameOf(moves), 'utf8')).toBe('content')
      expect(inode(nameOf(moves))).not.toBe(inode(path))
    })
  }

  it('is told as what it means where the file system has failed: a full disk is one', async () => {
    const path = blob('a', 'content')
    const files = attachmentFiles(folder, { fs: refusing('ENOSPC') })
    await expect(files.receiveFiles([path], { mayLink: true, signal })).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    expect(fileNames(folder)).toEqual([])
  })

  it('is never made of a file that has a further name, which would outlive the backup', async () => {
    const path = blob('a', 'content')
    linkSync(path, join(base, 'of a snapshot'))
    expect((await takeAll(linking(), [path], true))[0]?.incoming.way).toBe('copy')
  })

  it('is never made where the host wants nothing shared', async () => {
    const path = blob('a', 'content')
    for (const sharing of ['clones', 'nothing'] as const) {
      const files = attachmentFiles(join(base, sharing), { sharing })
      const [taken] = await files.receiveFiles([path], { mayLink: true, signal })
      expect(taken?.way).not.toBe('link')
      if (sharing === 'nothing') expect(taken?.way).toBe('copy')
    }
    expect(() => attachmentFiles(folder, { sharing: 'everything' as 'links' })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
    expect(() => open({ threads: -1 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  it('leaves the mode of the backup’s file as it is, and can be made of one that nobody may write', async () => {
    const path = blob('a', 'content')
    chmodSync(path, 0o440)
    const moves = await takeAll(linking(), [path], true)
    expect(moves[0]?.incoming.way).toBe('link')
    if (posix) expect(statSync(path).mode & 0o777).toBe(0o440)
  })

  it('ends with a copy of its own, for the user alone, and the backup’s file is as it was', async () => {
    const path = blob('a', 'content')
    const files = linking()
    const moves = await takeAll(files, [path], true)
    const name = moves[0]?.name ?? ''
    expect(await files.links([name, `aa/aa${'0'.repeat(62)}`])).toEqual([
      { isShared: true, changedAt: expect.any(Number) },
      null,
    ])
    await files.endLinks([name], signal)
    expect(inode(nameOf(moves))).not.toBe(inode(path))
    expect(readFileSync(nameOf(moves), 'utf8')).toBe('content')
    expect((await files.links([name]))[0]?.isShared).toBe(false)
    if (posix) {
      expect(statSync(nameOf(moves)).mode & 0o777).toBe(0o600)
      expect(statSync(path).mode & 0o777).toBe(0o644)
    }
    writeFileSync(path, 'changed')
    expect(readFileSync(nameOf(moves), 'utf8')).toBe('content')
  })

  it('ends as it is where the backup’s name is gone, but for the user alone', async () => {
    const path = blob('a', 'content')
    const files = linking()
    const moves = await takeAll(files, [path], true)
    const before = inode(nameOf(moves))
    rmSync(path)
    await files.endLinks([moves[0]?.name ?? ''], signal)
    expect(inode(nameOf(moves))).toBe(before)
    if (posix) expect(statSync(nameOf(moves)).mode & 0o777).toBe(0o600)
  })

  it('ends when it is tried again, wherever the disk failed the first time', async () => {
    for (let n = 1; ; n++) {
      const paths = ['a', 'b', 'c'].map((name) => blob(name, `content of ${name}`))
      const moves = await takeAll(linking(), paths, true)
      const names = moves.map(({ name }) => name)
      const faulty = failingFileSystem(n, 'ENOSPC')
      let failure: unknown = null
      try {
        // A failing `copyFile` is the first of its calls that matters: the copy comes after it.
        await attachmentFiles(folder, { fs: faulty.fs }).endLinks(names, signal)
      } catch (thrown) {
        failure = thrown
      }
      if (failure !== null) expect(failure, `call ${n}`).toMatchObject({ code: 'DISK_FULL' })
      await linking().endLinks(names, signal)
      await linking().sweep()
      for (const [index, name] of names.entries()) {
        expect(readFileSync(join(folder, name), 'utf8')).toBe(`content of ${'abc'[index] ?? ''}`)
        expect(statSync(join(folder, name)).nlink, `call ${n}`).toBe(1)
      }
      expect(fileNames(folder)).toHaveLength(3)
      rmSync(folder, { recursive: true })
      if (faulty.calls() < n) {
        expect(n).toBeGreaterThan(20)
        return
      }
    }
  })
})
