import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SqliteDatabase } from '@holdfast/adapters/sqlite'
import { openTestSqlite } from '@holdfast/adapters/testing'
import { print } from './table.js'

/** The first four bytes of the file systems that one meets, as `statfs` tells them. */
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x2fc12fc1: 'zfs',
  0x01021994: 'tmpfs',
  0x858458f6: 'ramfs',
}

/** On these a flush costs nothing, and a durable engine cannot be measured. */
const inMemory: ReadonlySet<string> = new Set(['tmpfs', 'ramfs'])

/**
 * Does `work` in a new folder below `parent`, which is removed afterwards, and says first on what it measures.
 * The folder is in the repository's own `.holdfast/` unless another is named: the temporary folder is in memory on many machines.
 */
export async function onDisk(
  parent: string | undefined,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const home = parent ?? fileURLToPath(new URL('../../../../.holdfast/', import.meta.url))
  mkdirSync(home, { recursive: true })
  const kind = fileSystemOf(home)
  if (inMemory.has(kind)) throw new Error(`${home} is in memory (${kind}): name a folder on a disk`)
  const folder = mkdtempSync(join(home, 'bench-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Prints what the figures below depend on. */
export function printMachine(folder: string, db: SqliteDatabase): void {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const sqlite = db.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  print(
    `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${memory} GiB, ${fileSystemOf(folder)}; Node ${process.versions.node}, SQLite ${sqlite.version}, WAL, synchronous=FULL`,
  )
}

function fileSystemOf(folder: string): string {
  const { type } = statfsSync(folder)
  return fileSystems[type] ?? `file system 0x${type.toString(16)}`
}

/** Opens a database that can be written, creating it. */
export function openDatabase(path: string): SqliteDatabase {
  return openTestSqlite(path, { readonly: false })
}

/** What the disk allows: bare better-sqlite3, one row a commit. */
export interface DiskFloor {
  /** Commits of one row each, per second. */
  measure(commits: number): number
  close(): void
}

/** Sets up the floor in a file of its own. The pragmas are written out, so that a mistake of the engine is not the floor's too. */
export function diskFloor(path: string): DiskFloor {
  const db = openDatabase(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)')
  const insert = db.prepare('INSERT INTO rows (body) VALUES (?)')
  return {
    measure: (commits) => {
      const since = performance.now()
      for (let row = 0; row < commits; row++) insert.run('{"type":"step.succeeded","output":"ok"}')
      return commits / ((performance.now() - since) / 1000)
    },
    close: () => db.close(),
  }
}
