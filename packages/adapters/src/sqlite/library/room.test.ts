import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { watchedFileSystem } from '../../../test/faulty-file-system.js'
import { fileNames } from '../../../test/library-fixture.js'
import { type AttachmentFilesOptions, attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { sqliteLibrary } from './sqlite-library.js'

let folder: string
let db: SqliteDatabase
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-room-'))
  mkdirSync(join(folder, 'backup'))
  db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

/** The machine's file system, whatever it is, without the calls that it refuses. */
const without = (...refused: readonly string[]) =>
  watchedFileSystem((call) => {
    if (refused.includes(call)) throw Object.assign(new Error(`no ${call}`), { code: 'ENOTSUP' })
  })

/** Whether files of a backup beside the library are thought to take no room. */
async function takesFilesOver(options: AttachmentFilesOptions, backup: 'goes' | 'stays'): Promise<boolean> {
  const storage = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments'), options))
  const rooms = await storage.space?.rooms({ backupPath: join(folder, 'backup'), backup })
  expect(rooms).toMatchObject([{ holds: ['rows', 'content'] }])
  expect(fileNames(join(folder, 'attachments'))).toEqual([])
  return rooms?.[0]?.takesFilesOver === true
}

describe('the room that an import is thought to take', () => {
  it('leaves out files that are linked to a backup which goes', async () => {
    expect(await takesFilesOver({ fs: without('copyFile') }, 'goes')).toBe(true)
  })

  it('counts them where the backup stays, the host wants no links, or the file system has none', async () => {
    expect(await takesFilesOver({ fs: without('copyFile') }, 'stays')).toBe(false)
    expect(await takesFilesOver({ fs: without('copyFile'), sharing: 'clones' }, 'goes')).toBe(false)
    expect(await takesFilesOver({ sharing: 'nothing' }, 'goes')).toBe(false)
    expect(await takesFilesOver({ fs: without('copyFile', 'link') }, 'goes')).toBe(false)
  })

  it('is told on a full disk as it was found before', async () => {
    let full = false
    const fs = watchedFileSystem((call) => {
      if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
      if (full) throw Object.assign(new Error(`full: ${call}`), { code: 'ENOSPC' })
    })
    const { space } = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments'), { fs }))
    const request = { backupPath: join(folder, 'backup'), backup: 'goes' } as const
    expect(await space?.rooms(request)).toMatchObject([{ takesFilesOver: true }])
    full = true
    expect(await space?.rooms(request)).toMatchObject([{ takesFilesOver: true }])
  })
})
