import { parsePlist } from '../../../plist/parse-plist.js'
import { isDict, type PlistDict } from '../../../plist/plist-value.js'
import { type CommandStatus, countOf, hostStatus } from './command-status.js'
import { failureCodes, PhoneFailure } from './phone-failure.js'
import type { PhoneLink } from './phone-link.js'

/** A phone wants this much more room than it sends, and asks for 2 GiB more where there is less (public reports of such numbers agree). */
const spareBytes = 128 * 1024 ** 2
const purgeExtra = 2 * 1024 ** 3

/** What a folder of the host holds; nothing where there is no such folder. */
export async function list(link: PhoneLink, path: string): Promise<PlistDict> {
  const status = await link.command('DLContentsOfDirectory', path)
  ended(status, failureCodes.io, `Could not list ${path}`)
  return isDict(status.payload) ? status.payload : new Map()
}

/** A property list of the host; null when it has none. Throws {@link PhoneFailure} 205 for one that is empty or damaged. */
export async function readHostPlist(link: PhoneLink, path: string, progress = 0): Promise<PlistDict | null> {
  const pieces: Uint8Array[] = []
  const [file] = await link.download([path], progress, (_, bytes) => {
    pieces.push(bytes)
  })
  if (file === undefined || file.problem !== null) return null
  const parsed = parsePlist(Buffer.concat(pieces))
  if (!parsed.ok || !isDict(parsed.value)) {
    throw new PhoneFailure(failureCodes.badManifest, `${path} of the backup is empty or damaged`)
  }
  return parsed.value
}

/** Makes sure that the host has room; has it make some where it has not. Throws {@link PhoneFailure} 105. */
export async function claimRoom(link: PhoneLink, bytes: number): Promise<void> {
  const required = bytes + spareBytes
  const free = await freeBytes(link)
  if (free > required) return
  const purged = await link.command('DLMessagePurgeDiskSpace', required - free + purgeExtra, 4)
  if (purged.code === 0 && (await freeBytes(link)) > required) return
  throw new PhoneFailure(failureCodes.hostDisk, 'Insufficient free disk space on drive to back up')
}

/** Has the host make folders, one after the other. */
export async function makeFolders(link: PhoneLink, paths: Iterable<string>): Promise<void> {
  for (const path of paths) {
    ended(await link.command('DLMessageCreateDirectory', path), failureCodes.io, `Could not make ${path}`)
  }
}

/** Ends the operation where a command failed: with the code for full disks, or with `code`. */
export function ended(status: CommandStatus, code: number, description: string): void {
  if (status.code === 0) return
  if (status.code === hostStatus.noSpace) throw new PhoneFailure(failureCodes.hostDisk, status.text)
  throw new PhoneFailure(code, `${description}: ${status.text}`)
}

async function freeBytes(link: PhoneLink): Promise<number> {
  const status = await link.command('DLMessageGetFreeDiskSpace')
  ended(status, failureCodes.io, 'Could not tell the free space')
  return countOf(status.payload) ?? 0
}
