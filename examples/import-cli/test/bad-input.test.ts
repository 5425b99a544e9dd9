import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  makeSyntheticBackup,
  markEncrypted,
  messagesFile,
  openTestSqlite,
  overwriteManifest,
  removeBlob,
  removeManifest,
  replaceBlobBySymlink,
  rewriteFileId,
  tearDatabase,
  truncateManifest,
} from '@holdfast/adapters/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildProgram, program, report, treeOf } from './program.js'

describe('bad input gives one clear sentence, a hint, a code and status 2, and changes nothing', () => {
  let folder: string
  let original: string
  let world: string
  let backup: string
  let into: string

  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-bad-input-'))
    original = (
      await makeSyntheticBackup({ into: join(folder, 'original'), seed: 41, messages: 80, attachments: 8 })
    ).path
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  beforeEach(() => {
    world = mkdtempSync(join(folder, 'world-'))
    backup = join(world, 'backup')
    into = join(world, 'library')
    cpSync(original, backup, { recursive: true, preserveTimestamps: true })
  })
  afterEach(() => rmSync(world, { recursive: true }))

  async function expectRefused(code: string, ...words: string[]): Promise<void> {
    const before = treeOf(world)
    const { status, report: told, stderr } = await report(...words)
    expect(told.error?.code, stderr).toBe(code)
    expect(status).toBe(2)
    expect(told.status).toBe('failed')
    expect(told.run).toBeNull()
    // One sentence, and a hint that somebody can act on.
    expect(told.error?.message).toMatch(/^[A-Z].{10,}/)
    expect(told.error?.hint).toMatch(/^[A-Z].{10,}/)
    expect(stderr).toContain(told.error?.message)
    expect(treeOf(world)).toEqual(before)
  }
  const importing = (path = backup, target = into): string[] => ['import', '--backup', path, '--into', target]

  it('no such folder', () => expectRefused('BACKUP_NOT_FOUND', ...importing(join(world, 'nowhere'))))
  it('a file in place of a folder', () => {
    writeFileSync(join(world, 'file'), 'x')
    return expectRefused('BACKUP_NOT_FOUND', ...importing(join(world, 'file')))
  })
  it('a folder that is no backup', () => {
    mkdirSync(join(world, 'pictures'))
    return expectRefused('BACKUP_INVALID', ...importing(join(world, 'pictures')))
  })

  it.each([
    ['Manifest.db missing', 'MANIFEST_MISSING', removeManifest],
    ['Manifest.db truncated', 'MANIFEST_DAMAGED', truncateManifest],
    ['Manifest.db not SQLite', 'MANIFEST_DAMAGED', overwriteManifest],
    ['an encrypted backup', 'BACKUP_ENCRYPTED', markEncrypted],
    ['sms.db missing', 'MESSAGES_MISSING', (path: string) => removeBlob(path, messagesFile)],
    ['sms.db torn', 'MESSAGES_DAMAGED', (path: string) => tearDatabase(path, 'cut')],
    [
      'sms.db that is a link to somewhere else',
      'BACKUP_UNSAFE',
      (path: string) => replaceBlobBySymlink(path, '/etc/passwd'),
    ],
    [
      'a fileID that points outside',
      'BACKUP_UNSAFE',
      (path: string) => rewriteFileId(path, '../../../etc/passwd'),
    ],
  ] as [string, string, (path: string) => void | Promise<void>][])('%s', async (_, code, damage) => {
    await damage(backup)
    await expectRefused(code, ...importing())
  })

  it('a relative path in the manifest that points outside', async () => {
    const db = openTestSqlite(join(backup, 'Manifest.db'), { readonly: false })
    db.exec(
      "INSERT INTO Files VALUES ('00000000000000000000000000000000000000aa', 'HomeDomain', '../../etc/passwd', 1, NULL)",
    )
    db.close()
    await expectRefused('BACKUP_UNSAFE', ...importing())
  })

  it('a destination that cannot be written', async () => {
    writeFileSync(join(world, 'file'), 'x')
    await expectRefused('DESTINATION_UNWRITABLE', ...importing(backup, join(world, 'file', 'library')))
    await expectRefused('DESTINATION_UNWRITABLE', ...importing(backup, '/proc/library'))
  })
  it('a destination whose attachments folder is a file', async () => {
    mkdirSync(into)
    writeFileSync(join(into, 'attachments'), 'x')
    await expectRefused('DESTINATION_UNWRITABLE', ...importing())
  })
  it('a destination inside the backup', () =>
    expectRefused('DESTINATION_UNSAFE', ...importing(backup, join(backup, 'library'))))
  it('a library of a newer version', async () => {
    mkdirSync(into)
    const db = openTestSqlite(join(into, 'library.db'), { readonly: false })
    db.exec(
      "CREATE TABLE library_meta (key TEXT PRIMARY KEY, value); INSERT INTO library_meta VALUES ('version', 99)",
    )
    db.close()
    await expectRefused('LIBRARY_NEWER', ...importing())
  })
  it('a library.db that is no database', async () => {
    mkdirSync(into)
    writeFileSync(
      join(into, 'library.db'),
      'This is a text and not a database, whatever its name says. '.repeat(20),
    )
    await expectRefused('LIBRARY_DAMAGED', ...importing())
  })

  it('wrong usage', async () => {
    await expectRefused('USAGE', 'import', '--backup', backup)
    await expectRefused('USAGE', ...importing(), '--cleanup', 'burn')
    await expectRefused('USAGE', ...importing(), '--clean', 'keep')
    await expectRefused('USAGE', 'improt', '--into', into)
    await expectRefused('USAGE', 'inspect')
    await expectRefused('USAGE', 'inspect', '--into', into, '--backup', backup)
    await expectRefused('USAGE', ...importing(), '--password-env', 'HOLDFAST_NO_SUCH_VARIABLE')
    await expectRefused('USAGE', 'import', '--device', 'any', '--backup', backup, '--into', into)
    await expectRefused('OPTION_INVALID', 'import', '--device', '../x', '--into', into)
  })
  it('a command on a library that is not there', async () => {
    for (const words of [['runs'], ['verify'], ['retry'], ['discard', 'last'], ['inspect']]) {
      const ended = await program(...words, '--into', into)
      expect(ended.status, words.join(' ')).toBe(2)
      expect(treeOf(world).some((name) => name.startsWith('library'))).toBe(false)
    }
  })
})
