import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Content, contentOf } from './content.js'
import { TargetFolder } from './target-folder.js'

const udid = '00008101-000A1B2C3D4E001E'
let root = ''
let tree = ''
let target = new TargetFolder(udid, { tree, incoming: '' })

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-target-'))
  tree = join(root, 'tree')
  const incoming = join(root, 'incoming')
  for (const folder of [tree, incoming]) await mkdir(folder)
  target = new TargetFolder(udid, { tree, incoming })
})
afterEach(() => rm(root, { recursive: true }))

function content(words: string): Content {
  return contentOf(Buffer.from(words))
}

async function text(path: string): Promise<string> {
  let read = ''
  for await (const bytes of target.read(path)) read += bytes.toString()
  return read
}

describe('files', () => {
  test('are written whole, with the folders above them, and read again', async () => {
    expect(await target.write(`${udid}/Snapshot/ab/ab12`, content('one two'))).toBe(7)
    expect(await text(`/${udid}/Snapshot/ab/ab12`)).toBe('one two')
    expect(await target.write(`${udid}/empty`, content(''))).toBe(0)
    expect(await text(`${udid}/empty`)).toBe('')
    expect(await readdir(join(root, 'incoming'))).toEqual([])
  })

  test('larger than any buffer arrive as they are', async () => {
    const bytes = Buffer.alloc(3_000_001, 'abcdefg')
    // A buffer has 512 KiB: just below, one, just above, and several.
    for (const size of [524_287, 524_288, 524_289, 1_048_576, 3_000_001]) {
      expect(await target.write(`${udid}/large`, contentOf(bytes.subarray(0, size)))).toBe(size)
      expect((await readFile(join(tree, 'large'))).equals(bytes.subarray(0, size)), `${size}`).toBe(true)
    }
    expect(await target.settled()).toBeNull()
  })

  test('whose content fails leave what was there, and nothing beside', async () => {
    await target.write(`${udid}/a`, content('before'))
    for (const whole of [0, 1, 2]) {
      let reads = 0
      const broken: Content = async (into) => {
        if (reads++ === whole) throw new Error('cut')
        return into.length
      }
      await expect(target.write(`${udid}/a`, broken)).rejects.toThrow('cut')
      expect(await text(`${udid}/a`)).toBe('before')
      expect(await readdir(join(root, 'incoming'))).toEqual([])
    }
  })

  test('that share their bytes with another backup do not change it', async () => {
    const old = join(root, 'old')
    await writeFile(old, 'old')
    for (const name of ['a', 'b']) await link(old, join(tree, name))
    await target.write(`${udid}/a`, content('new'))
    await target.write(`${udid}/c`, content('newest'))
    await target.move(`${udid}/c`, `${udid}/b`)
    await target.copy(`${udid}/b`, `${udid}/a`)
    expect(await readFile(old, 'utf8')).toBe('old')
    expect(await text(`${udid}/a`)).toBe('newest')
  })

  test('take the place of a folder, and are moved over one another', async () => {
    await target.write(`${udid}/folder/inside`, content('x'))
    await target.write(`${udid}/folder`, content('file'))
    expect(await text(`${udid}/folder`)).toBe('file')
    await target.write(`${udid}/Snapshot/ab/ab12`, content('new'))
    await target.write(`${udid}/ab/ab12`, content('old'))
    await target.move(`${udid}/Snapshot/ab/ab12`, `${udid}/ab/ab12`)
    expect(await text(`${udid}/ab/ab12`)).toBe('new')
    await target.write(`${udid}/other/file`, content('x'))
    await target.move(`${udid}/ab/ab12`, `${udid}/other`)
    expect(await text(`${udid}/other`)).toBe('new')
    await expect(text(`${udid}/ab/ab12`)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('folders', () => {
  test('are made, listed, copied and removed', async () => {
    await target.createFolder(`${udid}/Snapshot/ab`)
    await target.createFolder(`${udid}/Snapshot/ab`)
    await target.write(`${udid}/Snapshot/ab/x`, content('12345'))
    expect(await target.list(`${udid}/Snapshot`)).toMatchObject([{ name: 'ab', kind: 'folder' }])
    expect(await target.list(`${udid}/Snapshot/ab`)).toMatchObject([{ name: 'x', kind: 'file', bytes: 5 }])
    await target.copy(`${udid}/Snapshot`, `${udid}/copy`)
    await target.remove(`${udid}/Snapshot`)
    expect(await text(`${udid}/copy/ab/x`)).toBe('12345')
    expect(await target.list(`${udid}/Snapshot`)).toEqual([])
    await target.remove(`${udid}/Snapshot`)
    await target.write(`${udid}/Snapshot/ab/y`, content('again'))
    expect(await text(`${udid}/Snapshot/ab/y`)).toBe('again')
  })

  test('of the backup itself stay, emptied at most', async () => {
    await target.write(`${udid}/a/b`, content('x'))
    await expect(target.move(udid, `${udid}/c`)).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(target.write(udid, content('x'))).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
    await expect(target.copy(`${udid}/a`, `${udid}/a/b/c`)).rejects.toMatchObject({
      code: expect.any(String),
    })
    await target.remove(udid)
    expect(await readdir(tree)).toEqual([])
  })
})

describe('links that somebody put into the folder', () => {
  beforeEach(async () => {
    await writeFile(join(root, 'secret'), 'secret')
    await mkdir(join(root, 'outside'))
    await writeFile(join(root, 'outside', 'x'), 'outside')
    await symlink(join(root, 'secret'), join(tree, 'file'))
    await symlink(join(root, 'outside'), join(tree, 'folder'))
  })

  test('are not followed by anything', async () => {
    const refused = expect.objectContaining({ code: 'BACKUP_UNSAFE' })
    await expect(text(`${udid}/file`)).rejects.toEqual(refused)
    await expect(text(`${udid}/folder/x`)).rejects.toEqual(refused)
    await expect(target.write(`${udid}/folder/y`, content('x'))).rejects.toEqual(refused)
    await expect(target.createFolder(`${udid}/folder/y`)).rejects.toEqual(refused)
    await expect(target.remove(`${udid}/folder/x`)).rejects.toEqual(refused)
    await expect(target.move(`${udid}/folder/x`, `${udid}/y`)).rejects.toEqual(refused)
    await expect(target.move(`${udid}/file`, `${udid}/y`)).rejects.toEqual(refused)
    await expect(target.copy(`${udid}/folder`, `${udid}/y`)).rejects.toEqual(refused)
    await expect(target.list(`${udid}/folder`)).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(await readdir(join(root, 'outside'))).toEqual(['x'])
    expect(await readFile(join(root, 'secret'), 'utf8')).toBe('secret')
  })

  test('are not moved out of a folder that took the place of one that was made here', async () => {
    await mkdir(join(tree, 'theirs'))
    await symlink(join(root, 'secret'), join(tree, 'theirs', 'file'))
    await target.createFolder(`${udid}/made/mine`)
    await target.move(`${udid}/theirs`, `${udid}/made/mine`)
    await expect(target.move(`${udid}/made/mine/file`, `${udid}/y`)).rejects.toMatchObject({
      code: 'BACKUP_UNSAFE',
    })
    await target.createFolder(`${udid}/made/other`)
    await target.move(`${udid}/made/mine`, `${udid}/made/other`)
    await expect(target.move(`${udid}/made/other/file`, `${udid}/y`)).rejects.toMatchObject({
      code: 'BACKUP_UNSAFE',
    })
  })

  test('are replaced and removed as links', async () => {
    await target.write(`${udid}/file`, content('mine'))
    await target.remove(`${udid}/folder`)
    expect(await text(`${udid}/file`)).toBe('mine')
    expect(await readFile(join(root, 'secret'), 'utf8')).toBe('secret')
    expect((await stat(join(root, 'outside'))).isDirectory()).toBe(true)
  })
})
