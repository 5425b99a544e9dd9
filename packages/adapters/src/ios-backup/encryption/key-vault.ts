import { createHash } from 'node:crypto'

/**
 * Where a host keeps the key that a password gave, so that the user need not type it again: the keychain of the system, Electron's
 * `safeStorage`. What `name` names changes with the password and with the phone; it says nothing about either.
 */
export interface KeyVault {
  /** The 32 bytes that were set under the name; null or undefined when there are none. */
  get(name: string): Promise<Uint8Array | null | undefined> | Uint8Array | null | undefined
  set(name: string, key: Uint8Array): Promise<void> | void
  /** Called when a key does not fit any more. Nothing to do when there is none. */
  delete(name: string): Promise<void> | void
}

/** The name under which the key of a keybag is kept. */
export function vaultNameOf(keybagBytes: Uint8Array): string {
  return `holdfast-keybag-${createHash('sha256').update(keybagBytes).digest('hex').slice(0, 32)}`
}
