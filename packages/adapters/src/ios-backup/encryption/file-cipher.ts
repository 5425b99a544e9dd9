import { createDecipheriv, type Decipher } from 'node:crypto'

const blockBytes = 16
const noIv = Buffer.alloc(blockBytes)

/**
 * The decryption of one file: AES-256-CBC from a zero IV. Where the ciphertext ends in a complete, valid PKCS#7 padding, that is taken
 * off; where it does not, all of it is kept, because phones also back files up while they are written, and those end without padding.
 * The size that the manifest claims decides nothing: it is wrong for many databases. Seen in real backups by
 * jsharkey13/iphone_backup_decrypt (#1) and novkostya/ios-backup-crypt (aaaf721).
 */
export class FileCipher {
  readonly #decipher: Decipher
  /**
   * What came last: only the end of the ciphertext tells where padding may be. Held as a whole, because whoever writes the pieces to a
   * disk would be slow with one of a block's length after each.
   */
  #held: Buffer = Buffer.alloc(0)

  constructor(key: Uint8Array) {
    this.#decipher = createDecipheriv('aes-256-cbc', key, noIv).setAutoPadding(false)
  }

  /** Decrypts what comes next; gives the piece before, which is known to be content by now. Null when there is none yet. */
  update(chunk: Uint8Array): Buffer | null {
    const plain = this.#decipher.update(chunk)
    if (plain.length === 0) return null
    const before = this.#held
    this.#held = plain
    return before.length > 0 ? before : null
  }

  /**
   * Gives what is left when the ciphertext has ended. Bytes behind the last whole block are no ciphertext, and are left out.
   */
  end(): Buffer {
    return this.#held.subarray(0, this.#held.length - paddingOf(this.#held))
  }
}

/** Length of a complete and valid PKCS#7 padding at the end of content; 0 when there is none. */
function paddingOf(content: Uint8Array): number {
  const length = content.at(-1) ?? 0
  if (length === 0 || length > blockBytes || length > content.length) return 0
  return content.subarray(content.length - length).every((byte) => byte === length) ? length : 0
}
