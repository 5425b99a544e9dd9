import { isHoldfastError } from '@holdfast/core'
import { isDict, isList, type PlistDict, plistDict } from '../../plist/plist-value.js'
import type { Lockdown } from '../lockdown/lockdown.js'
import { PlistWire } from '../wire/plist-wire.js'
import type { Waiting } from '../wire/wire.js'

/** The name of the service that knows the apps of a phone, for lockdown. */
export const installationProxy = 'com.apple.mobile.installation_proxy'

/** What is asked for of each app. */
const attributes = ['CFBundleIdentifier', 'ApplicationSINF', 'iTunesMetadata'] as const

/** An app that somebody installed. */
export interface InstalledApp {
  readonly id: string
  /** What Apple's programs need to install it again when a backup is restored; null where the phone does not give it. */
  readonly licence: { readonly sinf: Uint8Array; readonly metadata: Uint8Array } | null
}

/** No phone has as many apps, in as many messages; the licences of that many take some tens of megabytes. */
const mostPages = 5000
const mostBytes = 64 * 1024 * 1024

/** Milliseconds for which a phone may take to name the next apps. */
const longestSilence = 30_000

/**
 * The apps that somebody installed on a phone, as it names them, page by page; none where it does not: no backup fails for want of them.
 * Needs a session.
 *
 * @throws the signal's reason.
 */
export async function installedApps(
  lockdown: Lockdown,
  signal: AbortSignal,
): Promise<readonly InstalledApp[]> {
  let wire: PlistWire | null = null
  try {
    wire = new PlistWire(await lockdown.startService(installationProxy), 'xml')
    return await browse(wire, { signal, silence: longestSilence })
  } catch (error) {
    if (signal.aborted || !isHoldfastError(error)) throw error
    return []
  } finally {
    wire?.wire.close()
  }
}

async function browse(wire: PlistWire, waiting: Waiting): Promise<readonly InstalledApp[]> {
  const options = plistDict({ ApplicationType: 'User', ReturnAttributes: [...attributes] })
  await wire.send(plistDict({ Command: 'Browse', ClientOptions: options }), waiting)
  const apps: InstalledApp[] = []
  let bytes = 0
  for (let pages = 0; pages < mostPages && bytes < mostBytes; pages++) {
    const page = await wire.receiveDict(waiting)
    const list = page.get('CurrentList')
    for (const entry of isList(list) ? list : []) {
      const app = isDict(entry) ? appOf(entry) : null
      if (app === null) continue
      apps.push(app)
      bytes += app.id.length + (app.licence?.sinf.length ?? 0) + (app.licence?.metadata.length ?? 0)
    }
    // Whatever is no page ends it: the last word, or an error.
    if (page.get('Status') !== 'BrowsingApplications') break
  }
  return apps
}

function appOf(entry: PlistDict): InstalledApp | null {
  const [id, sinf, metadata] = attributes.map((name) => entry.get(name))
  if (typeof id !== 'string' || id === '') return null
  const licence = sinf instanceof Uint8Array && metadata instanceof Uint8Array ? { sinf, metadata } : null
  return { id, licence }
}
