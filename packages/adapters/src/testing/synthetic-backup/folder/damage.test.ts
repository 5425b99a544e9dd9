import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseBinary } from 'plist'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestSqlite } from '../../open-sqlite.js'
import { makeSyntheticBackup } from '../make-synthetic-backup.js'
import { type BackupFile, contactsFile, fileId, messagesFile } from '../well-known-files.js'
import * as damage from './damage.js'

let folder: string
let whole: string
let backup: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-damage-'))
  whole = (await makeSyntheticBackup({ into: folder, seed: 'damage', messages: 200, attachments: 5 })).path
})

beforeEach(async () => {
  backup = join(folder, 'damaged')
  await cp(whole, backup, { recursive: true })
})

afterEach(() => rm(backup, { recursive: true, force: true }))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What SQLite finds wrong with a database, or `ok`. */
function soundness(path: string): string {
  const db = openTestSqlite(path, { readonly: true })
  try {
    return JSON.stringify(db.prepare('PRAGMA quick_check(1)').get()).includes('"ok"') ? 'ok' : 'malformed'
  } catch (error) {
    return String(error)
  } finally {
    db.close()
  }
}

describe('damage', () => {
  test('a truncated manifest is no sound database any more', async () => {
    await damage.truncateManifest(backup)
    const size = statSync(join(backup, 'Manifest.db')).size
    expect(size).toBeLessThan(statSync(join(whole, 'Manifest.db')).size)
    expect(size % 4096).not.toBe(0)
    expect(soundness(join(backup, 'Manifest.db'))).not.toBe('ok')
  })

  test('an overwritten manifest is no database at all, and a removed one is not there', async () => {
    await damage.overwriteManifest(backup)
    expect(soundness(join(backup, 'Manifest.db'))).toContain('not a database')
    await damage.removeManifest(backup)
    expect(existsSync(join(backup, 'Manifest.db'))).toBe(false)
  })

  test('a removed blob stays listed, a removed file does not', async () => {
    const listed = (file: BackupFile) => {
      const db = openTestSqlite(join(backup, 'Manifest.db'), { readonly: true })
      const rows = db.prepare('SELECT fileID FROM Files WHERE fileID = ?').all(fileId(file))
      db.close()
      return rows.length
    }
    await damage.removeBlob(backup)
    expect([existsSync(damage.blobPath(backup, messagesFile)), listed(messagesFile)]).toEqual([false, 1])
    await damage.removeFile(backup, contactsFile)
    expect([existsSync(damage.blobPath(backup, contactsFile)), listed(contactsFile)]).toEqual([false, 0])
  })

  test.each(['cut', 'zeroed', 'noise'] as const)(
    'a database that is %s does not pass a check',
    async (how) => {
      const path = damage.blobPath(backup, messagesFile)
      expect(soundness(path)).toBe('ok')
      await damage.tearDatabase(backup, how)
      expect(soundness(path)).not.toBe('ok')
      const same = statSync(path).size === statSync(damage.blobPath(whole, messagesFile)).size
      expect(same).toBe(how !== 'cut')
    },
  )

  test('an unfinished backup says so', async () => {
    await damage.markUnfinished(backup)
    expect(parseBinary(readFileSync(join(backup, 'Status.plist')))).toMatchObject({
      SnapshotState: 'uploading',
    })
    await damage.addSnapshotFolder(backup)
    expect(statSync(join(backup, 'Snapshot')).isDirectory()).toBe(true)
    await damage.emptyManifestPlist(backup)
    expect(statSync(join(backup, 'Manifest.plist')).size).toBe(0)
  })

  test('an encrypted backup has a key bag, a wrapped key and a manifest of whole cipher blocks', async () => {
    await damage.markEncrypted(backup)
    const manifest = parseBinary(readFileSync(join(backup, 'Manifest.plist')))
    expect(manifest).toMatchObject({ IsEncrypted: true })
    const { BackupKeyBag: bag, ManifestKey: key }: Record<string, Uint8Array> = Object(manifest)
    expect(
      Buffer.from(bag ?? [])
        .subarray(0, 12)
        .toString('hex'),
    ).toBe('564552530000000400000005')
    expect([...(key ?? []).slice(0, 4), key?.length]).toEqual([3, 0, 0, 0, 44])
    const bytes = readFileSync(join(backup, 'Manifest.db'))
    expect(bytes.length % 16).toBe(0)
    expect(bytes.subarray(0, 6).toString('latin1')).not.toBe('SQLite')
  })

  test('a file id can be made to lead out of the backup', () => {
    damage.rewriteFileId(backup, '../../evil')
    const db = openTestSqlite(join(backup, 'Manifest.db'), { readonly: true })
    const found = db
      .prepare('SELECT fileID FROM Files WHERE domain = ? AND relativePath = ?')
      .get('HomeDomain', 'Library/SMS/sms.db')
    db.close()
    expect(found).toEqual({ fileID: '../../evil' })
  })

  test('a blob can be made a symlink', async () => {
    const target = join(folder, 'elsewhere')
    await writeFile(target, 'not of the backup')
    await damage.replaceBlobBySymlink(backup, target)
    const path = damage.blobPath(backup, messagesFile)
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe('not of the backup')
  })
})
