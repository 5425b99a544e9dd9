import { randomBytes } from 'node:crypto'
import { isHoldfastError } from '@holdfast/core'
import { type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import { carriedByXml, writeXmlPlist } from '../../plist/write-xml.js'
import type { Afc } from '../afc/afc.js'
import type { InstalledApp } from '../apps/installed-apps.js'
import type { PhoneFacts } from './phone-facts.js'

/** Files of iTunes on a phone that a restore puts back, in `/iTunes_Control/iTunes/`. */
const iTunesFiles = [
  'ApertureAlbumPrefs',
  'IC-Info.sidb',
  'IC-Info.sidv',
  'PhotosFolderAlbums',
  'PhotosFolderName',
  'PhotosFolderPrefs',
  'VoiceMemos.plist',
  'iPhotoAlbumPrefs',
  'iTunesApplicationIDs',
  'iTunesPrefs',
  'iTunesPrefs.plist',
]

/** What is taken over as the phone says it, by its name there and in the list. */
const takenOver: Readonly<Record<string, string>> = {
  BuildVersion: 'Build Version',
  DeviceName: 'Device Name',
  IntegratedCircuitCardIdentity: 'ICCID',
  InternationalMobileEquipmentIdentity: 'IMEI',
  MobileEquipmentIdentifier: 'MEID',
  PhoneNumber: 'Phone Number',
  ProductType: 'Product Type',
  ProductVersion: 'Product Version',
  SerialNumber: 'Serial Number',
}

/**
 * Info.plist of a backup, the one file that the host writes: what the phone is, what iTunes keeps on it, and
 * which apps it has: restoring needs those, to install them again. Their icons are left out, and so is of the phone's words what XML cannot
 * carry: a name with a control character keeps no backup from being made.
 */
export async function infoPlist(
  udid: string,
  phone: PhoneFacts & { readonly apps: readonly InstalledApp[] },
  afc: Afc,
  now: Date,
): Promise<Buffer> {
  const { values, iTunes, iTunesVersion, apps } = phone
  const known: Record<string, PlistValue> = {}
  for (const [said, written] of Object.entries(takenOver)) {
    const value = values.get(said)
    if (typeof value === 'string' && value !== '') known[written] = value
  }
  const books = await fileOf(afc, '/Books/iBooksData2.plist')
  const info = plistDict({
    ...known,
    'Display Name': known['Device Name'] ?? undefined,
    GUID: randomBytes(16).toString('hex').toUpperCase(),
    'Last Backup Date': now,
    'Target Identifier': udid,
    'Target Type': 'Device',
    'Unique Identifier': udid.toUpperCase(),
    'Installed Applications': apps.map(({ id }) => id),
    Applications: licencesOf(apps),
    'iTunes Files': await filesOf(afc),
    'iBooks Data 2': books ?? undefined,
    'iTunes Settings': iTunes,
    'iTunes Version': iTunesVersion ?? '10.0.1',
  })
  return writeXmlPlist(carriedByXml(info) ?? new Map())
}

/** What installing each app again takes; of those that the phone says it of. */
function licencesOf(apps: readonly InstalledApp[]): PlistDict {
  return new Map(
    apps.flatMap(({ id, licence }) =>
      licence === null
        ? []
        : [[id, plistDict({ ApplicationSINF: licence.sinf, iTunesMetadata: licence.metadata })]],
    ),
  )
}

async function filesOf(afc: Afc): Promise<PlistDict> {
  const files = new Map<string, PlistValue>()
  for (const name of iTunesFiles) {
    const content = await fileOf(afc, `/iTunes_Control/iTunes/${name}`)
    if (content !== null && content.length > 0) files.set(name, content)
  }
  return files
}

/** A file of the phone; null where there is none, or it may not be seen: no backup fails for want of it. */
async function fileOf(afc: Afc, path: string): Promise<Buffer | null> {
  try {
    return await afc.readFile(path)
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'AFC_FAILED') return null
    throw error
  }
}
