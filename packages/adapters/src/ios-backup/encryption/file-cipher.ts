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
  /** The last block is known to be the last only when the ciphertext ends. */
  #held: Buffer = Buffer.alloc(0)
  #bytes = 0

  constructor(key: Uint8Array) {
    this.#decipher = createDecipheriv('aes-256-cbc', key, noIv).setAutoPadding(false)
  }

  /** Decrypts what comes next; gives what is known to be content by now. */
  update(chunk: Uint8Array): readonly Buffer[] {
    this.#bytes += chunk.length
    const plain = this.#decipher.update(chunk)
    if (plain.length === 0) return []
    const before = this.#held
    const end = plain.length - blockBytes
    this.#held = plain.subarray(end)
    return [before, plain.subarray(0, end)].filter((part) => part.length > 0)
  }

  /**
   * Gives what is left when the ciphertext has ended. Bytes behind the last whole block are no ciphertext and are left out;
   * {@link isWhole} tells.
   */
  end(): Buffer {
    return this.#held.subarray(0, this.#held.length - paddingOf(this.#held))
  }

  /** Whether the ciphertext so far ends at the end of a block, as that of every file does that was not cut off. */
  get isWhole(): boolean {
    return this.#bytes % blockBytes === 0
  }
}

/** Length of a complete and valid PKCS#7 padding at the end of the last block; 0 when there is none. */
function paddingOf(block: Uint8Array): number {
  const length = block.at(-1) ?? 0
  if (length === 0 || length > block.length) return 0
  return block.subarray(block.length - length).every((byte) => byte === length) ? length : 0
}
