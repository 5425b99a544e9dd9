import { HoldfastError } from '@holdfast/core'
import type { OpenRequest } from '@holdfast/core/import'
import { ClassKeys } from './class-keys.js'
import { derivePasswordKey } from './key-derivation.js'
import { type KeyVault, vaultNameOf } from './key-vault.js'
import { type Keybag, parseKeybag } from './keybag.js'

/** What unlocking needs. */
export interface UnlockOptions extends OpenRequest {
  /** Where keys are looked for before anybody is asked, and put when a password was right; the first that has one counts. */
  readonly vaults: readonly KeyVault[]
  /** What the backup is called when its password is asked for, such as the name of the phone; null when it has no name. */
  readonly title: string | null
  /** Path of the backup, for the facts of errors. */
  readonly path: string
}

const mostTries = 3

/**
 * Opens the class keys of a keybag: with a key that a vault holds, or else with the password, which is asked for, again after a wrong
 * one. The password is forgotten when the key is derived.
 *
 * @throws HoldfastError `KEYBAG_DAMAGED`, `BACKUP_ENCRYPTED` when nobody gives a password, `PASSWORD_WRONG`, or the signal's reason.
 */
export async function unlockKeybag(bytes: Uint8Array, options: UnlockOptions): Promise<ClassKeys> {
  const { vaults, signal, path } = options
  const parsed = parseKeybag(bytes)
  if (!parsed.ok) throw keybagDamaged(path, parsed.problem)
  const name = vaultNameOf(bytes)
  const kept = await openKept(parsed.value, name, vaults)
  if (kept !== null) return kept
  let wrong: string | null = null
  for (let tries = 0; tries < mostTries; tries++) {
    const password = await askPassword(options, wrong !== null)
    if (password === null) break
    // Somebody who answers the same again, most often a program, need not wait for the same result.
    if (password === wrong) continue
    const key = await derivePasswordKey(password, parsed.value.derivation, signal)
    const classKeys = ClassKeys.open(parsed.value, key)
    if (classKeys !== null) {
      await keep(name, key, vaults)
      return classKeys
    }
    key.fill(0)
    wrong = password
  }
  throw wrong === null ? encryptedError(path) : passwordWrong(path)
}

async function openKept(
  keybag: Keybag,
  name: string,
  vaults: readonly KeyVault[],
): Promise<ClassKeys | null> {
  for (const vault of vaults) {
    const key = await vault.get(name)
    if (!(key instanceof Uint8Array)) continue
    const classKeys = key.length === 32 ? ClassKeys.open(keybag, key) : null
    if (classKeys !== null) return classKeys
    await vault.delete(name)
  }
  return null
}

async function keep(name: string, key: Uint8Array, vaults: readonly KeyVault[]): Promise<void> {
  for (const vault of vaults) await vault.set(name, Uint8Array.from(key))
}

/** The password that a human gives; null when nobody can be asked, or nobody answers. */
async function askPassword({ ask, title }: UnlockOptions, again: boolean): Promise<string | null> {
  if (ask === undefined) return null
  const which = title === null ? 'The backup' : `The backup of “${title}”`
  const answer = await ask({
    kind: 'password',
    secret: true,
    message: again
      ? `That password does not open it. ${which} is encrypted: which password was set for it?`
      : `${which} is encrypted: which password was set for it?`,
  })
  return typeof answer === 'string' && answer !== '' ? answer : null
}

/** `KEYBAG_DAMAGED` for the backup at a path. */
export function keybagDamaged(path: string, problem: string): HoldfastError {
  return new HoldfastError('KEYBAG_DAMAGED', `The keys of the encrypted backup are damaged: ${problem}`, {
    hint: 'No password can open it. Copy the backup again from where it was made, or make a new one.',
    retryable: false,
    facts: { path },
  })
}

/** `BACKUP_ENCRYPTED` for the backup at a path. */
export function encryptedError(path: string): HoldfastError {
  return new HoldfastError('BACKUP_ENCRYPTED', 'The backup is encrypted, and no password was given', {
    hint: 'Give its password, the one that was set when encryption was first switched on for this phone.',
    retryable: false,
    facts: { path },
  })
}

function passwordWrong(path: string): HoldfastError {
  return new HoldfastError('PASSWORD_WRONG', 'The password does not open the backup', {
    hint: 'It is the password that was set when encryption was first switched on for this phone; changing it later does not change backups that were made before.',
    retryable: false,
    facts: { path },
  })
}
