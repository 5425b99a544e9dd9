import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BackupPlaces, backupPlaces } from './backup-places.js'
import type { Rename } from './rename-patiently.js'
import {
  fillPlace,
  finishReplacing,
  isBackupThere,
  keepWorkingFolder,
  openWorkingFolder,
  removeBackup,
  removeWorkingFolders,
} from './working-folder.js'

const udid = '00008101-000A1B2C3D4E001E'
const telling = { signal: new AbortController().signal, files: () => {} }
let folder = ''
let places: BackupPlaces = backupPlaces(tmpdir(), udid)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-working-'))
  places = backupPlaces(folder, udid)
})
afterEach(() => rm(folder, { recursive: true }))

async function make(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true })
    await writeFile(join(path, name), text)
  }
}

const old = { 'Status.plist': 'old', 'Manifest.plist': 'old', 'Manifest.db': 'old', 'ab/ab12': 'old' }

test('an id that is none of a phone names no place', () => {
  expect(() => backupPlaces(folder, '../x')).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

describe('a working folder', () => {
  test('is empty without a backup', async () => {
    const working = await openWorkingFolder(places, telling)
    expect(working).toMatchObject({ origin: 'empty', needsFull: false })
    expect(await readdir(working.tree)).toEqual([])
    expect(await readdir(folder)).toEqual([`.${udid}.holdfast-making`])
  })

  test('holds what the backup does, without taking room, and can change without it', async () => {
    await make(places.backup, old)
    const { tree, origin, needsFull } = await openWorkingFolder(places, telling)
    expect([origin, needsFull]).toEqual(['linked', false])
    expect(await readFile(join(tree, 'ab', 'ab12'), 'utf8')).toBe('old')
    expect((await stat(join(tree, 'ab', 'ab12'))).nlink).toBe(2)
    await rm(join(tree, 'ab'), { recursive: true })
    expect(await readFile(join(places.backup, 'ab', 'ab12'), 'utf8')).toBe('old')
  })

  test('is gone on with when an attempt was interrupted, and holds no file that is not whole', async () => {
    await make(places.backup, old)
    const first = await openWorkingFolder(places, telling)
    await make(first.tree, { 'Snapshot/cd/cd34': 'new' })
    await writeFile(join(first.incoming, '1'), 'half')
    const second = await openWorkingFolder(places, telling)
    expect(second.origin).toBe('resumed')
    expect(await readFile(join(second.tree, 'Snapshot', 'cd', 'cd34'), 'utf8')).toBe('new')
    expect(await readdir(second.incoming)).toEqual([])
  })

  test('is made anew when making it was interrupted', async () => {
    await make(places.backup, old)
    await make(join(places.preparing, 'backup'), { 'Status.plist': 'half' })
    const { tree, origin } = await openWorkingFolder(places, telling)
    expect(origin).toBe('linked')
    expect(await readFile(join(tree, 'ab', 'ab12'), 'utf8')).toBe('old')
    expect(await readdir(folder)).toHaveLength(2)
  })

  test.each([
    [['Manifest.plist'], true],
    [['Manifest.db'], true],
    [['Status.plist'], true],
    [['Manifest.plist', 'Manifest.db'], false],
    [['Manifest.plist', 'Manifest.db', 'Status.plist'], false],
  ])('whose lists %j are empty asks for everything: %s', async (empty, needsFull) => {
    await make(places.backup, { ...old, ...Object.fromEntries(empty.map((name) => [name, ''])) })
    const working = await openWorkingFolder(places, telling)
    expect(working.needsFull).toBe(needsFull)
    for (const name of empty) expect(await readdir(working.tree)).not.toContain(name)
    for (const name of empty) expect(await readdir(places.backup)).toContain(name)
  })
})

describe('replacing a backup', () => {
  test('leaves the new one in its place, and nothing else', async () => {
    await make(places.backup, old)
    const { tree } = await openWorkingFolder(places, telling)
    await rm(join(tree, 'Status.plist'))
    await make(tree, { 'Status.plist': 'new' })
    let madeFirst = false
    await keepWorkingFolder(places, {
      ...telling,
      check: async () => {},
      onMade: async () => {
        madeFirst = (await readFile(join(places.backup, 'Status.plist'), 'utf8')) === 'old'
      },
    })
    expect(madeFirst).toBe(true)
    expect(await readFile(join(places.backup, 'Status.plist'), 'utf8')).toBe('new')
    expect(await readFile(join(places.backup, 'ab', 'ab12'), 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual([udid])
  })

  /** The moments between two calls of the file system, and which backup must be in its place once that was gone on with. */
  const moments: readonly [string, () => Promise<void>, string | null][] = [
    ['before it is named as made', () => make(join(places.making, 'backup'), { x: 'new' }), 'old'],
    ['when it is named as made', () => make(join(places.made, 'backup'), { x: 'new' }), 'new'],
    [
      'when the old one has made room',
      async () => {
        await make(join(places.made, 'backup'), { x: 'new' })
        await rm(places.backup, { recursive: true })
        await make(places.replaced, { x: 'old' })
      },
      'new',
    ],
    [
      'when the new one is in its place',
      async () => {
        await rm(places.backup, { recursive: true })
        await make(places.backup, { x: 'new' })
        await mkdir(places.made)
        await make(places.replaced, { x: 'old' })
      },
      'new',
    ],
    [
      'when a part of the old one is removed',
      async () => {
        await rm(places.backup, { recursive: true })
        await make(places.backup, { x: 'new' })
        await make(places.replaced, { y: 'half' })
      },
      'new',
    ],
  ]

  test.each(moments)('goes on after a kill %s', async (_, interrupt, expected) => {
    await make(places.backup, { x: 'old' })
    await interrupt()
    await finishReplacing(places)
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe(expected)
    const left = (await readdir(folder)).filter((name) => !name.endsWith('making'))
    expect(left).toEqual([udid])
    await finishReplacing(places)
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe(expected)
  })

  test('never removes what was replaced while nothing is in its place', async () => {
    await make(places.replaced, { x: 'old' })
    await finishReplacing(places)
    expect(await readFile(join(places.replaced, 'x'), 'utf8')).toBe('old')
  })

  /** As Windows renames a new folder into which a scanner looks. */
  function refusing(times: number): Rename {
    let left = times
    return async (from, to) => {
      if (from === join(places.made, 'backup') && left-- > 0)
        throw Object.assign(new Error('EPERM: operation not permitted, rename'), { code: 'EPERM' })
      return rename(from, to)
    }
  }

  test('waits for whoever looks into the new one for a moment', async () => {
    await make(places.backup, { x: 'old' })
    await make(join(places.made, 'backup'), { x: 'new' })
    await finishReplacing(places, refusing(2))
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('new')
    expect(await readdir(folder)).toEqual([udid])
  })

  test('gives the old one its place back when the new one cannot be put there, and keeps both', async () => {
    await make(places.backup, { x: 'old' })
    await make(join(places.made, 'backup'), { x: 'new' })
    await expect(finishReplacing(places, refusing(100))).rejects.toThrow('EPERM')
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('old')
    expect(await readFile(join(places.made, 'backup', 'x'), 'utf8')).toBe('new')
    await finishReplacing(places)
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('new')
  })

  test('makes the first backup without an old one', async () => {
    const { tree } = await openWorkingFolder(places, telling)
    await make(tree, { x: 'new' })
    await keepWorkingFolder(places, { ...telling, check: async () => {}, onMade: async () => {} })
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('new')
    expect(await readdir(folder)).toEqual([udid])
  })

  test('leaves the old one in its place when the new one is found not to be whole', async () => {
    await make(places.backup, old)
    const { tree } = await openWorkingFolder(places, telling)
    await make(tree, { 'Info.plist': 'new' })
    let isMade = false
    const kept = keepWorkingFolder(places, {
      ...telling,
      check: async () => {
        throw new Error('half')
      },
      onMade: async () => {
        isMade = true
      },
    })
    await expect(kept).rejects.toThrow('half')
    expect(isMade).toBe(false)
    expect(await readFile(join(places.backup, 'Status.plist'), 'utf8')).toBe(old['Status.plist'])
    expect(await readdir(folder)).toContain(basename(places.making))
  })
})

describe('between the renames of a replacing', () => {
  beforeEach(async () => {
    await make(join(places.made, 'backup'), { x: 'new' })
    await make(places.replaced, { x: 'old' })
  })

  test('a backup is there, though not in its place', async () => {
    expect(await isBackupThere(places)).toBe(true)
    await rm(places.made, { recursive: true })
    expect(await isBackupThere(places)).toBe(true)
    await rm(places.replaced, { recursive: true })
    expect(await isBackupThere(places)).toBe(false)
  })

  test('removing what lies beside the place leaves both, and once one is in it removes the other', async () => {
    await make(join(places.making, 'backup'), { x: 'half' })
    await removeWorkingFolders(places)
    expect((await readdir(folder)).sort()).toEqual([basename(places.made), basename(places.replaced)])
    await rename(places.replaced, places.backup)
    await removeWorkingFolders(places)
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual([udid])
  })

  test('the new one fills the place, and never takes it from one that is there', async () => {
    await fillPlace(places)
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('new')
    expect(await readdir(folder)).toEqual([udid])
    await make(join(places.made, 'backup'), { x: 'newer' })
    await fillPlace(places)
    expect(await readFile(join(places.backup, 'x'), 'utf8')).toBe('new')
  })
})

test('a backup that is removed, and was interrupted, is none any more and goes at the next call', async () => {
  await make(places.discarded, { x: 'half' })
  expect(await isBackupThere(places)).toBe(false)
  await removeBackup(places)
  expect(await readdir(folder)).toEqual([])
  await make(places.backup, { x: 'whole' })
  await removeBackup(places)
  expect(await readdir(folder)).toEqual([])
})
