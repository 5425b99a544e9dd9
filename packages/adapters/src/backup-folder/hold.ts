import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull, isFullCode } from '../disk-space/disk-full.js'
import { hasEnded, type ProcessIdentity, thisProcess } from '../process/process-identity.js'
import { syncFolder } from './sync-folder.js'

/** The mark of a run on a backup that it needs: a small file beside the backup, which other tools can read. Plain JSON. */
export type Hold = {
  readonly format: 'holdfast-hold'
  readonly version: 1
  /** For whoever finds the file. */
  readonly note: string
  /** Name of the backup's folder, which lies beside the mark. */
  readonly backup: string
  /** Id of the run. */
  readonly run: string
  /** Path of the library that the run imports into; null where it has none that is a file. */
  readonly library: string | null
  /** Device of that path, which tells a library that was deleted from one on a disk that is not connected. */
  readonly libraryDevice: number | null
  /** ISO 8601, UTC. */
  readonly since: string
  /** The process that made the mark. A run may outlive it: parked, it waits for the next one. */
  readonly process: ProcessIdentity
}

/** Who takes hold of a backup. */
export interface Holder {
  readonly run: string
  /** What the run fills, as `Storage.resources` names it. */
  readonly into: readonly string[]
}

/** A hold as it lies on disk. */
export interface FoundHold {
  /** Absolute path of the mark. */
  readonly file: string
  /** Null where the mark cannot be read, or is of a newer version. */
  readonly hold: Hold | null
}

/** Where nobody may write beside the backup, nobody deletes it either. */
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'])

const note =
  'Holdfast imports this backup. Do not change or delete it: part of it may be stored nowhere else yet. The mark goes when the run has stored all of it, or is discarded.'

/**
 * Marks a backup as needed by a run; durable when it resolves. Repeat calls leave the first mark. Where nothing can be written beside
 * the backup there is no mark.
 *
 * @throws HoldfastError `DISK_FULL`, `DESTINATION_UNWRITABLE`.
 */
export async function placeHold(path: string, { run, into }: Holder): Promise<void> {
  const file = holdFile(path, run)
  const part = `${file}.part`
  if (existsSync(file)) return
  const library = libraryOf(into)
  const hold: Hold = {
    format: 'holdfast-hold',
    version: 1,
    note,
    backup: basename(path),
    run,
    library,
    libraryDevice: library === null ? null : deviceOf(library),
    since: new Date().toISOString(),
    process: thisProcess(),
  }
  try {
    await writeDurably(part, `${JSON.stringify(hold, null, 2)}\n`)
    await rename(part, file)
    await syncFolder(dirname(path))
  } catch (cause) {
    await unlink(part).catch(() => undefined)
    const systemCode = systemCodeOf(cause) ?? 'unknown'
    if (unwritable.has(systemCode)) return
    const message = 'The mark that holds the backup could not be written'
    if (isFullCode(systemCode)) {
      const hint = 'Free some space on the volume of the backup, then retry. The backup is kept.'
      throw diskFull(message, { hint, systemCode, cause, path: file })
    }
    throw new HoldfastError('DESTINATION_UNWRITABLE', message, {
      hint: 'Check the disk on which the backup lies, then retry. The backup is kept.',
      facts: { systemCode, path: file },
      cause,
    })
  }
}

/**
 * Takes a run's mark away. Nothing happens where there is none.
 *
 * @throws HoldfastError `RELEASE_FAILED`.
 */
export async function removeHold(path: string, run: string): Promise<void> {
  const file = holdFile(path, run)
  for (const each of [`${file}.part`, file]) {
    try {
      await unlink(each)
    } catch (cause) {
      const systemCode = systemCodeOf(cause)
      if (systemCode === 'ENOENT' || systemCode === 'ENOTDIR' || systemCode === 'EROFS') continue
      throw new HoldfastError('RELEASE_FAILED', 'The mark that holds the backup could not be removed', {
        hint: `Close programs that use it, then try again, or remove the file ${each} by hand.`,
        facts: { path: each, systemCode },
        cause,
      })
    }
  }
}

/** Whether a run has its mark on a backup. */
export async function hasHold(path: string, run: string): Promise<boolean> {
  return existsSync(holdFile(path, run))
}

/** The marks on a backup, of whatever library and process. */
export async function holdsOn(path: string): Promise<readonly FoundHold[]> {
  const folder = dirname(path)
  const prefix = `.${basename(path)}.holdfast-hold-`
  const files = (await readdir(folder))
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{12}\.json$/.test(name.slice(prefix.length)))
    .map((name) => join(folder, name))
  return Promise.all(files.map(async (file) => ({ file, hold: await readHold(file) })))
}

/**
 * Refuses to delete a backup that another run needs, of whatever library. A run takes its mark away itself, when everything is stored and
 * verified or it is discarded; until then it may come back, parked for however long and by whichever process. Only the mark of a library
 * that was deleted, whose process has ended, does not count: with its library every run of it is gone.
 *
 * @throws HoldfastError `BACKUP_HELD`.
 */
export async function refuseHeld(path: string, { run, into }: Holder): Promise<void> {
  const library = libraryOf(into)
  const own = holdFile(path, run)
  for (const { file, hold } of await holdsOn(path)) {
    if (file === own || (hold !== null && isOfDeletedLibrary(hold))) continue
    const who = hold === null ? 'Another program' : `Run '${hold.run}'`
    throw new HoldfastError(
      'BACKUP_HELD',
      `${who}${whereOf(hold, library)} needs the backup, so it is not deleted`,
      {
        hint: `Everything of this run is stored and verified. Finish or discard the other run, then retry; if it is no more, remove the file ${file} first.`,
        facts: { path, hold: file, run: hold?.run ?? null, library: hold?.library ?? null },
      },
    )
  }
}

function whereOf(hold: Hold | null, ours: string | null): string {
  if (hold === null || hold.library === null) return ''
  return hold.library === ours ? ' of this library' : ` of the library ${hold.library}`
}

/** A library on a disk that is not connected was not deleted: what is found above its place is on another device then. */
function isOfDeletedLibrary({ process: owner, library, libraryDevice }: Hold): boolean {
  if (library === null || libraryDevice === null || !hasEnded(owner)) return false
  return !existsSync(library) && deviceOf(library) === libraryDevice
}

async function readHold(file: string): Promise<Hold | null> {
  try {
    const found: unknown = JSON.parse(await readFile(file, 'utf8'))
    return isHold(found) ? found : null
  } catch {
    return null
  }
}

function isHold(value: unknown): value is Hold {
  if (typeof value !== 'object' || value === null) return false
  if (!('format' in value && 'version' in value && 'run' in value && 'library' in value)) return false
  if (!('libraryDevice' in value && 'process' in value)) return false
  const { format, version, run, library, libraryDevice, process: owner } = value
  return (
    format === 'holdfast-hold' &&
    version === 1 &&
    typeof run === 'string' &&
    (library === null || typeof library === 'string') &&
    (libraryDevice === null || typeof libraryDevice === 'number') &&
    typeof owner === 'object' &&
    owner !== null &&
    'host' in owner &&
    'boot' in owner &&
    'pid' in owner &&
    typeof owner.pid === 'number'
  )
}

/** Ids of runs are a host's to choose, so the name has their hash. */
function holdFile(path: string, run: string): string {
  const tag = createHash('sha256').update(run).digest('hex').slice(0, 12)
  return join(dirname(path), `.${basename(path)}.holdfast-hold-${tag}.json`)
}

function libraryOf(into: readonly string[]): string | null {
  const named = into.find((name) => name.startsWith('library:'))?.slice('library:'.length) ?? ''
  return isAbsolute(named) ? named : null
}

/** The device of the nearest of a path and the folders above it at which there is something. */
function deviceOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false })
  const parent = dirname(path)
  return found?.dev ?? (parent === path ? null : deviceOf(parent))
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle: FileHandle = await open(path, 'w', 0o644)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
