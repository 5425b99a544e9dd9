import { isDict, type PlistDict } from '../../plist/plist-value.js'
import type { Lockdown } from '../lockdown/lockdown.js'

/** What a phone says of itself, as far as a backup needs it. */
export interface PhoneFacts {
  /** All that it says without a domain. */
  readonly values: PlistDict
  /** What iTunes keeps on it. */
  readonly iTunes: PlistDict
  /** The oldest iTunes that it wants; null when it does not say. */
  readonly iTunesVersion: string | null
  /** Whether it encrypts its backups. It is the phone that has this setting, and the password. */
  readonly willEncrypt: boolean
}

/** Asks a phone what it is. Needs a session. Throws as {@link Lockdown}. */
export async function readFacts(lockdown: Lockdown): Promise<PhoneFacts> {
  const values = await lockdown.value(null)
  const iTunes = await lockdown.value(null, 'com.apple.iTunes')
  const version = await lockdown.value('MinITunesVersion', 'com.apple.mobile.iTunes')
  const willEncrypt = await lockdown.value('WillEncrypt', 'com.apple.mobile.backup')
  return {
    values: isDict(values) ? values : new Map(),
    iTunes: isDict(iTunes) ? iTunes : new Map(),
    iTunesVersion: typeof version === 'string' ? version : null,
    willEncrypt: willEncrypt === true,
  }
}
