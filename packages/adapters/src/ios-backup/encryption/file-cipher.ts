import type * as NodeCrypto from 'node:crypto'

/** What of node:crypto is needed. */
export type CipherModule = Pick<typeof NodeCrypto, 'createDecipheriv'>

/** The decryption of one file. */
export interface FileCipher {
  /** Decrypts what comes next; gives the piece before, which is known to be content by now. Null when there is none yet. */
  update(chunk: Uint8Array): Buffer | null
  /** Gives what is left when the ciphertext has ended. Bytes behind the last whole block are no ciphertext, and are left out. */
  end(): Buffer
}

/**
 * Begins to decrypt a file: AES-256-CBC from a zero IV. Where the ciphertext ends in a complete, valid PKCS#7 padding, that is taken
 * off; where it does not, all of it is kept, because phones also back files up while they are written, and those end without padding.
 * The size that the manifest claims decides nothing: it is wrong for many databases. Seen in real backups by
 * jsharkey13/iphone_backup_decrypt (#1) and novkostya/ios-backup-crypt (aaaf721).
 *
 * It names nothing but what it is given: its text is part of the program of the decrypting threads.
 */
export function openFileCipher(crypto: CipherModule, key: Uint8Array): FileCipher {
  const blockBytes = 16
  const decipher = crypto
    .createDecipheriv('aes-256-cbc', key, new Uint8Array(blockBytes))
    .setAutoPadding(false)
  // What came last: only the end of the ciphertext tells where padding may be. Held as a whole, because whoever writes the pieces to a
  // disk would be slow with one of a block's length after each.
  let held: Buffer | null = null
  return {
    update(chunk) {
      const plain = decipher.update(chunk)
      if (plain.length === 0) return null
      const before = held
      held = plain
      return before
    },
    end() {
      if (held === null) return Buffer.alloc(0)
      const length = held.at(-1) ?? 0
      const isPadding =
        length > 0 &&
        length <= blockBytes &&
        length <= held.length &&
        held.subarray(held.length - length).every((byte) => byte === length)
      return isPadding ? held.subarray(0, held.length - length) : held
    },
  }
}
