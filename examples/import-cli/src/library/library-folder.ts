import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Where things are in the folder that `--into` names. Absolute paths. */
export interface LibraryFolder {
  readonly path: string
  /** The library's database, which holds the journal too. */
  readonly database: string
  readonly attachments: string
  /** For private copies of a backup's databases; there only while a backup is open that needs them. */
  readonly scratch: string
  /** Backups that were made of phones, each in a folder of the phone's id. */
  readonly backups: string
}

/** The layout of a library's folder; nothing of it need exist. */
export function libraryFolder(into: string): LibraryFolder {
  const path = canonicalPath(into)
  return {
    path,
    database: join(path, 'library.db'),
    attachments: join(path, 'attachments'),
    scratch: join(path, '.scratch'),
    backups: join(path, 'backups'),
  }
}

/** The one name of a path: absolute, links resolved as far as the path exists. */
export function canonicalPath(path: string): string {
  const absolute = resolve(path)
  if (existsSync(absolute)) return realpathSync(absolute)
  const parent = dirname(absolute)
  return parent === absolute ? absolute : join(canonicalPath(parent), basename(absolute))
}
