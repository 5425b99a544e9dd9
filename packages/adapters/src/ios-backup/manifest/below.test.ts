import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openTestSqlite } from '../../testing/index.js'
import { archiveManifestFile } from '../../testing/synthetic-backup/folder/keyed-archive.js'
import { MbdbManifestWriter } from '../../testing/synthetic-backup/folder/mbdb-manifest-writer.js'
import { ScratchFolder } from '../folder/scratch-folder.js'
import { fileIdOf } from './file-id.js'
import type { Manifest } from './manifest.js'
import { MbdbManifest } from './mbdb-manifest.js'
import { SqliteManifest } from './sqlite-manifest.js'

const top = mkdtempSync(join(tmpdir(), 'holdfast-below-'))
const { signal } = new AbortController()

afterAll(() => rmSync(top, { recursive: true, force: true }))

const modes = { file: 0o100644, directory: 0o040755, symlink: 0o120755 } as const
const flags = { file: 1, directory: 2, symlink: 4 } as const
const entries: readonly (readonly [domain: string, path: string, kind: keyof typeof modes])[] = [
  ['D', 'a', 'directory'],
  ['D', 'a-b/one', 'file'],
  ['D', 'a/b', 'directory'],
  ['D', 'a/b/two', 'file'],
  ['D', 'a/b/link', 'symlink'],
  ['Other', 'a/b/two', 'file'],
  ['Other', 'a/b/three', 'file'],
  ['D', 'a/é/😀', 'file'],
  ['D', 'a/A', 'file'],
  ['D', 'A/b/two', 'file'],
  ['D', 'a0', 'file'],
  ...Array.from({ length: 6000 }, (_, index) => ['D', `a/many/${index}`, 'file'] as const),
]

const details = (relativePath: string, kind: keyof typeof modes) => ({
  relativePath,
  size: relativePath.length,
  mode: modes[kind],
  modified: 0,
  changed: 0,
  born: 0,
  inode: 1,
  userId: 501,
  groupId: 501,
  protectionClass: 3,
})

async function openDb(sql: string): Promise<Manifest> {
  const file = join(mkdtempSync(join(top, 'db-')), 'Manifest.db')
  const db = openTestSqlite(file, { readonly: false })
  db.exec(
    'CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)',
  )
  db.exec('BEGIN')
  // What the phone flags, some tools leave to the mode: so does every other row here.
  const insert = db.prepare('INSERT INTO Files VALUES (?, ?, ?, ?, ?)')
  for (const [index, [domain, relativePath, kind]] of entries.entries())
    insert.run(
      fileIdOf({ domain, relativePath }),
      domain,
      relativePath,
      index % 2 === 0 ? flags[kind] : 0,
      archiveManifestFile(details(relativePath, kind)),
    )
  db.exec(`INSERT INTO Files VALUES ('${'f'.repeat(40)}', 'D', 'a/under another id', 1, NULL),
    ('${'e'.repeat(40)}', 'D', x'612f62', 1, NULL); COMMIT; ${sql}`)
  db.close()
  return SqliteManifest.open(file, { openSqlite: openTestSqlite, scratch: new ScratchFolder(null), signal })
}

async function openMbdb(): Promise<Manifest> {
  const folder = mkdtempSync(join(top, 'mbdb-'))
  const writer = new MbdbManifestWriter(folder)
  for (const [domain, relativePath, kind] of entries)
    writer.add({ domain, relativePath }, kind, details(relativePath, kind))
  writer.finish()
  return MbdbManifest.open(join(folder, 'Manifest.mbdb'), { signal })
}

describe.each([
  ['Manifest.db with its index of paths', () => openDb('CREATE INDEX i ON Files(relativePath)')],
  ['Manifest.db without an index', () => openDb('')],
  [
    'one whose index has no order of its own',
    () => openDb('CREATE INDEX i ON Files(relativePath COLLATE NOCASE)'),
  ],
  [
    'one whose statistics forbid the index',
    () =>
      openDb(
        "CREATE INDEX i ON Files(relativePath); ANALYZE; UPDATE sqlite_stat1 SET stat = '6000 6000 unordered'",
      ),
  ],
  ['Manifest.mbdb', openMbdb],
])('below a folder, %s', (_, open) => {
  const inside = (path: string) => path.startsWith('a/') && !path.startsWith('a/many/')

  test('lists what is wanted, of this domain and with its details, and nothing else', async () => {
    const manifest = await open()
    const asked: string[] = []
    const found = new Map<string, unknown>()
    const isWanted = (path: string) => asked.push(path) > 0 && inside(path)
    for await (const page of manifest.below({ domain: 'D', relativePath: 'a' }, isWanted, signal)) {
      for (const { domain, relativePath, kind, fileId, details: read } of page)
        found.set(relativePath, { domain, kind, fileId, size: read()?.size })
    }
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(
        entries
          .filter(([domain, path]) => domain === 'D' && inside(path))
          .map(([domain, relativePath, kind]) => [
            relativePath,
            { domain, kind, fileId: fileIdOf({ domain, relativePath }), size: relativePath.length },
          ]),
      ),
    )
    expect(asked.length).toBeGreaterThan(6000)
    expect(asked.filter((path) => !path.startsWith('a/'))).toEqual([])
    manifest.close()
  })

  test('says which of some paths are folders, one answer for each, whether flags or only a mode tell', async () => {
    const manifest = await open()
    const paths = ['a/b', 'a/many/17', 'nowhere', 'a', 'a/b', 'a/b/link', 'a/b/two']
    const asked = paths.map((relativePath) => ({ domain: 'D', relativePath }))
    const folders = [true, false, false, true, true, false, false]
    expect(manifest.areDirectories(asked)).toEqual(folders)
    expect(asked.map((path) => manifest.find(path)?.kind === 'directory')).toEqual(folders)
    expect(manifest.areDirectories([{ domain: 'Other', relativePath: 'a/b' }])).toEqual([false])
    expect(manifest.areDirectories([])).toEqual([])
    manifest.close()
  })

  test('stops where the signal says so, or the reader has enough, and can be closed then', async () => {
    const manifest = await open()
    const stopping = new AbortController()
    const reading = manifest.below({ domain: 'D', relativePath: 'a' }, () => true, stopping.signal)
    expect((await reading.next()).value?.length).toBeGreaterThan(0)
    stopping.abort(new Error('enough'))
    await expect(reading.next()).rejects.toThrow('enough')
    for await (const page of manifest.below({ domain: 'D', relativePath: 'a' }, () => true, signal)) {
      if (page.length > 0) break
    }
    manifest.close()
  })
})
