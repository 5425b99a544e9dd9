import { systemCodeOf } from '@holdfast/core'
import { freeBytes } from '../disk-space/free-bytes.js'
import type { SqliteDatabase } from './driver.js'

/** SQLite's result codes that matter here, as https://www.sqlite.org/rescode.html numbers them. node:sqlite gives only the number. */
const resultCodes: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
  4874: 'SQLITE_IOERR_SHMSIZE',
}

/** The second: SQLite could not grow the index of its log, whose blocks it reserves. A full volume often shows itself so first. */
const full = /^SQLITE_(FULL|IOERR_SHMSIZE)$/
/** What SQLite says when a quota is used up, a flush finds no block, or its log cannot be made; or when the disk is broken. */
const perhapsFull = /^SQLITE_(IOERR|CANTOPEN)/
/** With less than this nothing that SQLite writes has room. */
const nothingLeft = 64 * 1024

/** SQLite's name for what went wrong, of either driver; null when `thrown` does not come from SQLite. */
export function sqliteCodeOf(thrown: unknown): string | null {
  const code = systemCodeOf(thrown)
  if (code?.startsWith('SQLITE_') === true) return code
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return null
  if (typeof thrown.errcode !== 'number') return null
  // The low byte is the primary code of an extended one.
  return resultCodes[thrown.errcode] ?? resultCodes[thrown.errcode & 0xff] ?? 'SQLITE_ERROR'
}

/** Whether SQLite failed because the volume of its file is full. Where its code leaves that open, the volume is asked. */
export function isSqliteFull(code: string, path: string | null): boolean {
  if (full.test(code)) return true
  if (path === null || !perhapsFull.test(code)) return false
  const free = freeBytes(path)
  return free !== null && free < nothingLeft
}

/** Path of a database's file; null for one in memory, and where the driver no longer says. */
export function databasePath(db: SqliteDatabase): string | null {
  try {
    for (const row of db.prepare('PRAGMA database_list').all()) {
      if (typeof row !== 'object' || row === null || !('name' in row) || row.name !== 'main') continue
      return 'file' in row && typeof row.file === 'string' && row.file !== '' ? row.file : null
    }
  } catch {
    // What went wrong before is the thing to tell.
  }
  return null
}
