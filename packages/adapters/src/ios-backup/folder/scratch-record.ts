import { randomUUID } from 'node:crypto'
import { open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { hasEnded, type ProcessIdentity, thisProcess } from '../../process/process-identity.js'
import { overwriteFiles } from './overwrite-files.js'

const prefix = 'holdfast-scratch-'
const recordName = /^holdfast-scratch-[0-9a-f-]{36}\.json$/
const suffix = '.json'

/**
 * Records in `parent` that this process is about to make a scratch folder there: a small file, durable when this resolves, so that
 * plaintext never lies on a disk without something that says whose it was. Resolves with the path for the folder, which is not made.
 */
export async function recordScratch(parent: string): Promise<string> {
  const path = join(parent, `${prefix}${randomUUID()}`)
  const file = await open(`${path}${suffix}`, 'wx', 0o600)
  try {
    await file.writeFile(JSON.stringify(thisProcess()))
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(parent)
  return path
}

/** How a scratch folder is removed. */
export interface ScratchRemoval {
  /** Whether its files are overwritten with zeros before. */
  readonly overwrite: boolean
}

/** Removes a recorded folder, then its record. Repeat calls are safe. */
export async function removeScratch(path: string, { overwrite }: ScratchRemoval): Promise<void> {
  if (overwrite) await overwriteFiles(path)
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  await rm(`${path}${suffix}`, { force: true })
}

/**
 * Removes what processes that were killed have left in a scratch folder. What belongs to a process that is still there, and whatever
 * else lies in the folder, stays. Opening a backup does so by itself; a host may also do it when it starts.
 *
 * @throws HoldfastError `DESTINATION_UNWRITABLE` for what the file system refuses: plaintext that cannot be removed is not passed over in
 * silence.
 */
export async function sweepScratch(
  parent: string,
  removal: ScratchRemoval = { overwrite: false },
): Promise<void> {
  try {
    for (const name of await namesIn(parent)) {
      if (!recordName.test(name)) continue
      const path = join(parent, name.slice(0, -suffix.length))
      if (await isOver(`${path}${suffix}`)) await removeScratch(path, removal)
    }
  } catch (cause) {
    const systemCode = systemCodeOf(cause)
    if (isHoldfastError(cause) || systemCode === null) throw cause
    const message = `The scratch folder cannot be cleared of what an earlier process left there (${systemCode})`
    throw new HoldfastError('DESTINATION_UNWRITABLE', message, {
      hint: `Check that ${parent} is a folder which can be read and written, or name another scratch folder.`,
      facts: { systemCode, path: parent },
      cause,
    })
  }
}

/** Whether a record's process has ended. A record that cannot be read was cut off before its folder was made. */
async function isOver(record: string): Promise<boolean> {
  try {
    const owner: unknown = JSON.parse(await readFile(record, 'utf8'))
    return !isIdentity(owner) || hasEnded(owner)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return true
    // Its own process has removed it meanwhile; or it is another user's, in a folder for all.
    if (['ENOENT', 'EACCES', 'EPERM'].includes(systemCodeOf(thrown) ?? '')) return false
    throw thrown
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'host' in value &&
    typeof value.host === 'string' &&
    'boot' in value &&
    typeof value.boot === 'string' &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'started' in value &&
    (value.started === null || typeof value.started === 'string')
  )
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return []
    throw thrown
  }
}

/** Makes a new name in a folder survive a power cut. Windows cannot open folders, and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
