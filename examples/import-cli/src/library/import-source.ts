import { join } from 'node:path'
import { listIphones } from '@holdfast/adapters/iphone'
import { HoldfastError } from '@holdfast/core'
import { cliError } from '../cli-error.js'
import { canonicalPath, type LibraryFolder } from './library-folder.js'

/** What an import is of: a backup on disk, or a phone. */
export interface ImportSource {
  readonly isPhone: boolean
  /** Where the backup is, or will be. */
  readonly path: string
  /** What of it the run is started with. */
  readonly input: { readonly path: string } | { readonly udid: string }
}

/**
 * What the options name.
 *
 * @throws HoldfastError `USAGE`; for `any` phone `DEVICE_NOT_FOUND`, `DEVICE_AMBIGUOUS`, `MUX_UNREACHABLE`, `MUX_FAILED`.
 */
export async function importSource(
  { backup, device }: { readonly backup?: string | undefined; readonly device?: string | undefined },
  folder: LibraryFolder,
  signal: AbortSignal,
): Promise<ImportSource> {
  if (backup !== undefined) {
    const path = canonicalPath(backup)
    return { isPhone: false, path, input: { path } }
  }
  if (device === undefined) {
    throw cliError(
      'USAGE',
      'Nothing to import was named',
      'Name the folder of a backup with --backup DIR, or an iPhone with --device any.',
    )
  }
  const udid = device === 'any' ? await onlyPhone(signal) : device
  return { isPhone: true, path: join(folder.backups, udid), input: { udid } }
}

/** The id of the one phone that is connected. */
async function onlyPhone(signal: AbortSignal): Promise<string> {
  const [phone, ...others] = await listIphones({ signal })
  if (phone === undefined) {
    throw new HoldfastError('DEVICE_NOT_FOUND', 'No iPhone is connected', {
      hint: 'Connect the iPhone with its cable, unlock it, and try again; `npm start -- devices` lists what is there.',
    })
  }
  if (others.length === 0) return phone.udid
  const ids = [phone, ...others].map(({ udid, name }) => (name === null ? udid : `${udid} (${name})`))
  throw cliError(
    'DEVICE_AMBIGUOUS',
    'Several iPhones are connected',
    `Name one of them with --device: ${ids.join(', ')}.`,
  )
}
