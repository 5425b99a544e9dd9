import { type Cipher, createCipheriv, pbkdf2Sync } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Random } from '../random.js'

/** How a synthetic backup is encrypted. */
export interface EncryptionOptions {
  readonly password: string
  /**
   * `10.2`: two key derivations, and Manifest.db encrypted. `older`: one derivation, and Manifest.db plain.
   * @default `10.2` with Manifest.db, `older` with Manifest.mbdb
   */
  readonly generation?: 'older' | '10.2'
  /** Rounds of the first derivation; phones take 10,000,000 (10.2) and 10,000 (older). @default 1,000 */
  readonly iterations?: number
}

/** A file as it is stored. */
export interface Encrypted {
  readonly stored: Buffer
  readonly protectionClass: number
  /** Four bytes of class, little-endian, and the wrapped key. */
  readonly encryptionKey: Buffer
}

/** In what way the key of a file is lost. */
export const lostKeyWays = ['no-class', 'damaged', 'cut-key', 'cut-content'] as const

const realIterations = 10_000
const blockBytes = 16
const noIv = Buffer.alloc(blockBytes)

/** Keychain items of this device alone: their keys are wrapped with the key of the phone as well. */
const deviceOnly: ReadonlySet<number> = new Set([9, 10, 11])

/** The keys of an encrypted backup: the keybag that its password opens, and a key of its own for each file. */
export class BackupEncryption {
  readonly keyBag: Buffer
  readonly encryptsManifest: boolean
  readonly #random: Random
  readonly #classKeys = new Map<number, Buffer>()
  #lost = 0
  #empty = 0

  constructor(options: Required<EncryptionOptions>, random: Random) {
    const { password, generation, iterations } = options
    this.#random = random
    this.encryptsManifest = generation === '10.2'
    const salt = random.bytes(20)
    const firstSalt = random.bytes(20)
    const two = generation === '10.2'
    const last = two ? realIterations : iterations
    const secret = two ? pbkdf2Sync(password, firstSalt, iterations, 32, 'sha256') : Buffer.from(password)
    const passwordKey = pbkdf2Sync(secret, salt, last, 32, 'sha1')
    const header = [
      field('VERS', two ? 5 : 3),
      field('TYPE', 1),
      field('UUID', random.bytes(16)),
      field('HMCK', random.bytes(40)),
      field('WRAP', 0),
      field('SALT', salt),
      field('ITER', last),
      ...(two ? [field('DPWT', 1), field('DPIC', iterations), field('DPSL', firstSalt)] : []),
    ]
    const classes = Array.from({ length: 11 }, (_, index) => 11 - index).map((protectionClass) => {
      const key = random.bytes(32)
      this.#classKeys.set(protectionClass, key)
      return Buffer.concat([
        field('UUID', random.bytes(16)),
        field('CLAS', protectionClass),
        field('WRAP', deviceOnly.has(protectionClass) ? 3 : 2),
        field('KTYP', 0),
        field('WPKY', wrap(passwordKey, key)),
      ])
    })
    this.keyBag = Buffer.concat([...header, ...classes])
  }

  /** Begins to encrypt a file that comes in pieces, with padding and a new key. */
  beginFile(): Omit<Encrypted, 'stored'> & { readonly cipher: Cipher } {
    const { key, ...known } = this.#newKey()
    return { ...known, cipher: createCipheriv('aes-256-cbc', key, noIv) }
  }

  /** Encrypts a file's content with a new key, with padding or in a few cases without, as phones leave files that are being written. */
  encrypt(content: Uint8Array): Encrypted {
    const { key, ...known } = this.#newKey()
    if (content.length === 0 && this.#empty++ % 2 === 0) return { ...known, stored: Buffer.alloc(0) }
    const mayGoWithout = content.length % blockBytes === 0 && !seemsPadded(content)
    const padded = !mayGoWithout || content.length === 0 || this.#random.chance(0.5)
    const cipher = createCipheriv('aes-256-cbc', key, noIv).setAutoPadding(padded)
    return { ...known, stored: Buffer.concat([cipher.update(content), cipher.final()]) }
  }

  /** Encrypts a file so that nobody can decrypt it: in another way each time. */
  encryptBeyondReach(content: Uint8Array): Encrypted {
    const { key, protectionClass, encryptionKey } = this.#newKey()
    const cipher = createCipheriv('aes-256-cbc', key, noIv)
    const stored = Buffer.concat([cipher.update(content), cipher.final()])
    switch (lostKeyWays[this.#lost++ % lostKeyWays.length]) {
      case 'no-class':
        encryptionKey.writeUInt32LE(12)
        return { stored, protectionClass: 12, encryptionKey }
      case 'damaged':
        encryptionKey.writeUInt8(encryptionKey.readUInt8(20) ^ 1, 20)
        return { stored, protectionClass, encryptionKey }
      case 'cut-key':
        return { stored, protectionClass, encryptionKey: encryptionKey.subarray(0, 43) }
      default:
        return { stored: stored.subarray(0, stored.length - 1), protectionClass, encryptionKey }
    }
  }

  /** Encrypts a file where it lies, in bounded memory. A database has no padding where its end allows that: it was in use. */
  async encryptFile(path: string): Promise<Omit<Encrypted, 'stored'>> {
    const { key, ...known } = this.#newKey()
    const padded = (await stat(path)).size % blockBytes !== 0 || seemsPadded(await tailOf(path))
    await encryptInPlace(path, key, padded)
    return known
  }

  /** Encrypts Manifest.db; resolves with the `ManifestKey` of Manifest.plist. */
  async encryptManifest(path: string): Promise<Buffer> {
    const { key, encryptionKey } = this.#newKey(3)
    await encryptInPlace(path, key, true)
    return encryptionKey
  }

  #newKey(protectionClass = this.#random.pick([1, 2, 3, 3, 3, 3, 4, 4])): {
    readonly key: Buffer
    readonly protectionClass: number
    readonly encryptionKey: Buffer
  } {
    const key = this.#random.bytes(32)
    const classKey = this.#classKeys.get(protectionClass)
    if (classKey === undefined) throw new RangeError(`There is no class ${protectionClass}`)
    const head = Buffer.alloc(4)
    head.writeUInt32LE(protectionClass)
    return { key, protectionClass, encryptionKey: Buffer.concat([head, wrap(classKey, key)]) }
  }
}

/** One field of a keybag: tag, big-endian length, value; numbers are of four bytes, big-endian. */
export function field(tag: string, value: number | Uint8Array): Buffer {
  const bytes = typeof value === 'number' ? Buffer.alloc(4) : Buffer.from(value)
  if (typeof value === 'number') bytes.writeUInt32BE(value)
  const head = Buffer.alloc(8)
  head.write(tag, 'latin1')
  head.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([head, bytes])
}

/** RFC 3394. */
function wrap(wrappingKey: Uint8Array, key: Uint8Array): Buffer {
  const cipher = createCipheriv('id-aes256-wrap', wrappingKey, Buffer.alloc(8, 0xa6))
  return Buffer.concat([cipher.update(key), cipher.final()])
}

async function encryptInPlace(path: string, key: Uint8Array, padded: boolean): Promise<void> {
  const encrypted = `${path}.encrypted`
  const cipher = createCipheriv('aes-256-cbc', key, noIv).setAutoPadding(padded)
  await pipeline(createReadStream(path), cipher, createWriteStream(encrypted))
  await rename(encrypted, path)
}

async function tailOf(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, blockBytes))
    await file.read(tail, 0, tail.length, size - tail.length)
    return tail
  } finally {
    await file.close()
  }
}

/** Whether content ends as padding would: without real padding behind it a reader would take that off. */
function seemsPadded(content: Uint8Array): boolean {
  const length = content.at(-1) ?? 0
  if (length === 0 || length > blockBytes || length > content.length) return false
  return content.subarray(content.length - length).every((byte) => byte === length)
}
