import { setImmediate } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/core'
import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows } from '../database/backup-database.js'

const fileIdPattern = '[0-9a-f]'.repeat(40)

/**
 * Refuses a manifest of which any row names something outside of the backup: a file id becomes a path here, a relative path may
 * become one elsewhere. Memory is bounded, a million rows take a second, and the event loop runs between slices. Each question
 * touches one column, so that SQLite answers it from that column's index without reading the rows.
 *
 * @throws HoldfastError `BACKUP_UNSAFE`, `MANIFEST_DAMAGED`, or the signal's reason.
 */
export async function refuseUnsafeRows(database: BackupDatabase, signal: AbortSignal): Promise<void> {
  const inRange = database.guard(() =>
    database.prepare(
      `SELECT fileID AS found FROM Files WHERE fileID >= ? AND fileID < ?
        AND (typeof(fileID) <> 'text' OR length(CAST(fileID AS BLOB)) <> 40 OR fileID NOT GLOB '${fileIdPattern}') LIMIT 1`,
    ),
  )
  const hex = (byte: number): string => (byte < 256 ? byte.toString(16).padStart(2, '0') : 'g')
  for (let byte = 0; byte < 256; byte++) {
    refuse(database, inRange, byte === 0 ? '0' : hex(byte), hex(byte + 1))
    await setImmediate()
    signal.throwIfAborted()
  }
  // What begins with no digit at all, and a value that is no text (NULL, or a blob, which sorts behind all text).
  refuse(
    database,
    "SELECT fileID AS found FROM Files WHERE fileID IS NULL OR fileID < '0' OR fileID >= 'g' LIMIT 1",
  )
  if (database.hasIndex('Files', 'relativePath')) await refuseUnsafePaths(database, signal)
  else refuse(database, `SELECT relativePath AS found FROM Files WHERE ${leadsOutInSql} LIMIT 1`)
}

const leadsOutInSql = `(relativePath GLOB '/*'
  OR (relativePath GLOB '*..*' AND '/' || relativePath || '/' GLOB '*/../*'))`

const pathsPerTurn = 20_000

/** Checks the paths in the order of their index, some thousand at a time. */
async function refuseUnsafePaths(database: BackupDatabase, signal: AbortSignal): Promise<void> {
  const end = database.guard(() =>
    database.prepare(
      `SELECT relativePath AS path FROM Files WHERE relativePath > ?
        ORDER BY relativePath LIMIT 1 OFFSET ${pathsPerTurn}`,
    ),
  )
  const upTo = database.guard(() =>
    database.prepare(
      `SELECT relativePath AS found FROM Files
        WHERE relativePath > ? AND relativePath <= ? AND ${leadsOutInSql} LIMIT 1`,
    ),
  )
  // Behind the empty path, which leads nowhere, and numbers, which lie before all texts.
  let last: unknown = ''
  for (;;) {
    await setImmediate()
    signal.throwIfAborted()
    const from = last
    const [row] = database.guard(() => rows<{ path: unknown }>([end.get(from)]))
    if (row === undefined) break
    last = row.path
    refuse(database, upTo, from, last)
  }
  refuse(
    database,
    database.guard(() =>
      database.prepare(
        `SELECT relativePath AS found FROM Files WHERE relativePath > ? AND ${leadsOutInSql} LIMIT 1`,
      ),
    ),
    last,
  )
}

function refuse(
  database: BackupDatabase,
  question: string | SqliteStatement,
  ...parameters: unknown[]
): void {
  const [row] = database.guard(() =>
    rows<{ found: unknown }>(
      (typeof question === 'string' ? database.prepare(question) : question).all(...parameters),
    ),
  )
  if (row !== undefined) throw unsafeEntry(String(row.found))
}

/** Whether a relative path leads somewhere else than down from its domain. */
export function leadsOut(relativePath: string): boolean {
  return (
    relativePath.startsWith('/') || (relativePath.includes('..') && relativePath.split('/').includes('..'))
  )
}

/** `BACKUP_UNSAFE` for a name that the manifest lists. */
export function unsafeEntry(found: string): HoldfastError {
  return new HoldfastError('BACKUP_UNSAFE', 'The manifest names a file outside of the backup', {
    hint: 'No phone writes such a manifest. Nothing was changed; use a backup from a place that you trust.',
    retryable: false,
    facts: { found: found.slice(0, 200) },
  })
}
