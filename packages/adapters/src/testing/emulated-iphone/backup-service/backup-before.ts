import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlistDict } from '../../../plist/plist-value.js'
import type { OpenSqlite } from '../../../sqlite/driver.js'
import type { BackupPassword } from './backup-password.js'
import { list, readHostPlist } from './host-side.js'
import { OldManifest } from './old-manifest.js'
import { failureCodes, PhoneFailure } from './phone-failure.js'
import type { PhoneLink } from './phone-link.js'

/** What the host has of this phone. */
export interface HostState {
  /** Status.plist; null when there is none. */
  readonly status: PlistDict | null
  /** What lies in the folder of the phone. */
  readonly root: PlistDict
  /** What an earlier backup left behind that did not come to its end. */
  readonly snapshot: PlistDict
}

/** Looks at what the host has, as phones do first. */
export async function lookAtHost(link: PhoneLink, udid: string): Promise<HostState> {
  const status = await readHostPlist(link, `${udid}/Status.plist`)
  const snapshot = await list(link, `${udid}/Snapshot`)
  return { status, snapshot, root: await list(link, udid) }
}

/**
 * Reads the manifest of the backup before back from the host, into a folder of the phone's own. Null when it is none to go on with:
 * another password encrypted it, or it was plain and now there is a password. Throws {@link PhoneFailure} 205 when it is damaged.
 */
export async function readManifestBefore(
  link: PhoneLink,
  udid: string,
  options: { readonly folder: string; readonly password: BackupPassword; readonly openSqlite: OpenSqlite },
): Promise<OldManifest | null> {
  const { folder, password, openSqlite } = options
  const plist = await readHostPlist(link, `${udid}/Manifest.plist`)
  if (plist === null) return null
  const own = password.encryption
  const keyBag = plist.get('BackupKeyBag')
  const encrypted = plist.get('IsEncrypted') === true
  if (encrypted !== (own !== null)) return null
  if (own !== null && !(keyBag instanceof Uint8Array && own.keyBag.equals(keyBag))) return null
  await mkdir(folder)
  const received = join(folder, 'received')
  if (!(await receiveFile(link, `${udid}/Manifest.db`, received))) return null
  const path = await plainManifest(received, folder, encrypted ? plist.get('ManifestKey') : null, password)
  try {
    return new OldManifest(path, openSqlite)
  } catch {
    throw damaged()
  }
}

async function plainManifest(
  received: string,
  folder: string,
  key: unknown,
  password: BackupPassword,
): Promise<string> {
  if (key === null) return received
  const plain = join(folder, 'plain')
  if (!(key instanceof Uint8Array) || !(await password.decryptManifest(received, plain, key))) throw damaged()
  return plain
}

async function receiveFile(link: PhoneLink, path: string, to: string): Promise<boolean> {
  const file = await open(to, 'wx', 0o600)
  try {
    // Of a file that is open this writes on from where it is.
    const [asked] = await link.download([path], 0, async (_, bytes) => file.writeFile(bytes))
    return asked?.problem === null
  } finally {
    await file.close()
  }
}

function damaged(): PhoneFailure {
  return new PhoneFailure(failureCodes.badManifest, 'The manifest of the backup before is damaged')
}
