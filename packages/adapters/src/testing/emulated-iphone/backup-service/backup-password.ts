import crypto from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { ClassKeys } from '../../../ios-backup/encryption/class-keys.js'
import { openFileCipher } from '../../../ios-backup/encryption/file-cipher.js'
import { derivePasswordKey } from '../../../ios-backup/encryption/key-derivation.js'
import { parseKeybag } from '../../../ios-backup/encryption/keybag.js'
import { BackupEncryption } from '../../synthetic-backup/folder/encryption.js'
import { Random } from '../../synthetic-backup/random.js'
import { failureCodes, PhoneFailure } from './phone-failure.js'

/** Rounds of the first derivation. Phones take ten million; with these a password is tried in a millisecond. */
const iterations = 1000

/** The password of a phone's backups: a property of the phone. With one all backups are encrypted, with the keybag that was made for it. */
export class BackupPassword {
  readonly #random: Random
  #password: string | null = null
  #encryption: BackupEncryption | null = null
  #changes = 0

  constructor(udid: string, password: string | null) {
    this.#random = new Random(`backup password of ${udid}`)
    this.set(password)
  }

  /** The keys for new backups; null while they are not encrypted. */
  get encryption(): BackupEncryption | null {
    return this.#encryption
  }

  /** Sets or clears it, as who holds the phone may (by “Reset All Settings”). A new one has a new keybag, also where it equals the last. */
  set(password: string | null): void {
    this.#password = password
    const options = { password: password ?? '', generation: '10.2', iterations } as const
    const random = this.#random.fork(`change ${++this.#changes}`)
    this.#encryption = password === null ? null : new BackupEncryption(options, random)
  }

  /** Changes it for a host: on, to another, or off. Throws {@link PhoneFailure} when the old one is wrong. */
  change(oldPassword: string | null, newPassword: string | null): void {
    if (oldPassword !== this.#password) throw new PhoneFailure(failureCodes.wrongPassword, 'Invalid password')
    if (oldPassword === null && newPassword === null) {
      throw new PhoneFailure(failureCodes.generic, 'There is neither an old password nor a new one')
    }
    this.set(newPassword)
  }

  /** Decrypts a manifest of a backup of this phone into another file; false when its key is none of this password's. */
  async decryptManifest(from: string, to: string, manifestKey: Uint8Array): Promise<boolean> {
    if (this.#encryption === null || this.#password === null) return false
    const keybag = parseKeybag(this.#encryption.keyBag)
    if (!keybag.ok) throw new Error(keybag.problem)
    const passwordKey = await derivePasswordKey(
      this.#password,
      keybag.value.derivation,
      new AbortController().signal,
    )
    const key = ClassKeys.open(keybag.value, passwordKey)?.fileKey(manifestKey) ?? null
    if (key === null) return false
    const cipher = openFileCipher(crypto, key)
    const file = await open(to, 'wx', 0o600)
    try {
      const chunks: AsyncIterable<Buffer> = createReadStream(from)
      for await (const chunk of chunks) await writeAll(file, cipher.update(chunk))
      await writeAll(file, cipher.end())
    } finally {
      await file.close()
    }
    return true
  }
}

async function writeAll(
  file: { writeFile(bytes: Uint8Array): Promise<void> },
  bytes: Uint8Array | null,
): Promise<void> {
  // Of a file that is open this writes on from where it is.
  if (bytes !== null && bytes.length > 0) await file.writeFile(bytes)
}
