import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseBinary } from 'plist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestSqlite } from '../../open-sqlite.js'
import { makeSyntheticBackup, type SyntheticBackup } from '../make-synthetic-backup.js'
import { contactsFile, fileId, messagesFile } from '../well-known-files.js'

interface Row {
  readonly fileID: string
  readonly domain: string
  readonly relativePath: string
  readonly flags: number
  readonly file: Buffer
}

let folder: string
let backup: SyntheticBackup
let rows: readonly Row[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-manifest-'))
  backup = await makeSyntheticBackup({
    into: folder,
    seed: 'manifest',
    messages: 300,
    attachments: 60,
    anomalies: { blobMissing: 2 },
  })
  const db = openTestSqlite(join(backup.path, 'Manifest.db'), { readonly: true })
  // The shape is that of the table's declaration, which the first test checks.
  rows = db.prepare('SELECT * FROM Files ORDER BY rowid').all() as Row[]
  db.close()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The archived MBFile of a row: its own values, with the references followed. */
function archived(row: Row): Map<string, unknown> {
  // The shape of every keyed archive; what is in it is what the tests look at.
  const { $top, $objects } = parseBinary(row.file) as unknown as {
    $top: { root: { UID: number } }
    $objects: readonly unknown[]
  }
  const properties = $objects[$top.root.UID] as Record<string, unknown>
  return new Map(
    Object.entries(properties).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && 'UID' in value ? $objects[Number(value.UID)] : value,
    ]),
  )
}

function sha1(data: string | Uint8Array): string {
  return createHash('sha1').update(data).digest('hex')
}

function blob(row: Row): string {
  return join(backup.path, row.fileID.slice(0, 2), row.fileID)
}

describe('the manifest', () => {
  test('declares its tables as the phone does', () => {
    const db = openTestSqlite(join(backup.path, 'Manifest.db'), { readonly: true })
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()).toEqual([
      { name: 'Files' },
      { name: 'Properties' },
    ])
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    db.close()
  })

  test('names every file by the SHA-1 of its domain and path', () => {
    for (const row of rows) {
      expect(row.fileID, row.relativePath).toBe(sha1(`${row.domain}-${row.relativePath}`))
    }
  })

  test('knows the databases by their well-known names', () => {
    expect(fileId(messagesFile)).toBe('3d0d7e5fb2ce288813306e4d4636395e047a3d28')
    expect(fileId(contactsFile)).toBe('31bb7ba8914766d4ba40d6dfb6113c8b614be442')
    const ids = new Set(rows.map((row) => row.fileID))
    expect(ids.has(fileId(messagesFile)) && ids.has(fileId(contactsFile))).toBe(true)
  })

  test('archives each entry as an MBFile that agrees with its row and its blob', () => {
    const modes: Readonly<Record<number, number>> = { 1: 0o100644, 2: 0o040755, 4: 0o120755 }
    const numbers = ['LastModified', 'LastStatusChange', 'Birth', 'InodeNumber', 'UserID', 'ProtectionClass']
    for (const row of rows) {
      const file = archived(row)
      expect(file.get('RelativePath')).toBe(row.relativePath)
      expect(file.get('Mode'), row.relativePath).toBe(modes[row.flags])
      expect(file.get('$class')).toEqual({ $classname: 'MBFile', $classes: ['MBFile', 'NSObject'] })
      for (const name of numbers) expect(file.get(name), name).toBeTypeOf('number')
      const size = existsSync(blob(row)) ? lstatSync(blob(row)).size : file.get('Size')
      expect(file.get('Size'), row.relativePath).toBe(size)
    }
  })

  test('holds digests of the phone’s own domains, and none of apps, camera roll and media', () => {
    const files = rows.filter((row) => row.flags === 1)
    const without = ['MediaDomain', 'CameraRollDomain', 'AppDomain-com.example.notebook']
    const domains = new Set(files.map((row) => row.domain))
    expect(without.every((domain) => domains.has(domain)) && domains.has('HomeDomain')).toBe(true)
    for (const row of files) {
      const digest = archived(row).get('Digest')
      const found = digest instanceof Uint8Array ? Buffer.from(digest).toString('hex') : null
      const expected = without.includes(row.domain) ? null : sha1(readFileSync(blob(row)))
      expect(found, row.relativePath).toBe(expected)
    }
  })

  test('lists a directory before what is in it, down from the root of each domain', () => {
    const directories = new Set<string>()
    for (const { domain, relativePath, flags } of rows) {
      const parent = relativePath.slice(0, Math.max(0, relativePath.lastIndexOf('/')))
      const isRoot = relativePath === '' && flags === 2
      expect(isRoot || directories.has(`${domain}-${parent}`), relativePath).toBe(true)
      if (flags === 2) directories.add(`${domain}-${relativePath}`)
    }
  })

  test('lists a symlink with its target and without a blob', () => {
    const links = rows.filter((row) => row.flags === 4)
    expect(links).toHaveLength(1)
    for (const row of links) {
      expect(archived(row).get('Target')).toBe('/var/db/timezone/zoneinfo/Europe/London')
      expect(existsSync(blob(row))).toBe(false)
    }
  })

  test('covers every blob on disk, and misses on disk only the blobs that were to be missing', () => {
    const onDisk = readdirSync(backup.path)
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .flatMap((name) => readdirSync(join(backup.path, name)))
    const files = rows.filter((row) => row.flags === 1).map((row) => row.fileID)
    expect(onDisk.filter((id) => !files.includes(id))).toEqual([])
    expect(files.filter((id) => !onDisk.includes(id))).toHaveLength(2)
  })

  test('holds decoys: the paths of the message database and of attachments in other domains', () => {
    const paths = (pattern: RegExp) =>
      rows.filter((row) => row.flags === 1 && pattern.test(row.relativePath)).map((row) => row.domain)
    expect(paths(/^Library\/SMS\/sms\.db$/).sort()).toEqual(['AppDomain-com.example.notebook', 'HomeDomain'])
    expect(paths(/^Library\/SMS\/(Attachments|StickerCache)\//)).toContain('AppDomain-com.example.notebook')
  })
})

describe('the property lists', () => {
  test('are XML for what the computer writes and binary for what the phone writes', () => {
    const head = (name: string) => readFileSync(join(backup.path, name)).subarray(0, 8).toString('latin1')
    expect(head('Info.plist')).toBe('<?xml ve')
    expect(head('Manifest.plist')).toBe('bplist00')
    expect(head('Status.plist')).toBe('bplist00')
  })

  test('agree on the phone, and say that the backup is whole and not encrypted', () => {
    const read = (name: string) => parseBinary(readFileSync(join(backup.path, name)))
    expect(parse(readFileSync(join(backup.path, 'Info.plist'), 'utf8'))).toMatchObject({
      'Unique Identifier': backup.udid.toUpperCase(),
      'Product Version': '18.5',
      'Product Type': 'iPhone15,2',
    })
    expect(read('Manifest.plist')).toMatchObject({
      IsEncrypted: false,
      Lockdown: { UniqueDeviceID: backup.udid, ProductVersion: '18.5' },
    })
    expect(read('Status.plist')).toMatchObject({
      SnapshotState: 'finished',
      Version: '3.3',
      IsFullBackup: true,
    })
  })
})
