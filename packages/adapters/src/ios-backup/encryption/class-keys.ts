import { unwrapKey } from './key-wrap.js'
import type { Keybag } from './keybag.js'

/** Bytes of a file's wrapped key as manifests carry it: the class, little-endian (the keybag's numbers are not), and 40 wrapped bytes. */
const fileKeyBytes = 44

/** The opened keys of the classes of files. */
export class ClassKeys {
  readonly #keys: ReadonlyMap<number, Buffer>
  /** Classes whose key is damaged: files of these cannot be decrypted. */
  readonly damaged: readonly number[]

  private constructor(keys: ReadonlyMap<number, Buffer>, damaged: readonly number[]) {
    this.#keys = keys
    this.damaged = damaged
  }

  /**
   * Unwraps the class keys with the key of a password. Null when it opens none of them, which is how a wrong password shows; one that
   * opens some is right, and the rest is damaged.
   */
  static open(keybag: Keybag, passwordKey: Uint8Array): ClassKeys | null {
    const keys = new Map<number, Buffer>()
    const damaged: number[] = []
    for (const { protectionClass, wrapped } of keybag.classKeys) {
      const key = unwrapKey(passwordKey, wrapped)
      if (key === null) damaged.push(protectionClass)
      else keys.set(protectionClass, key)
    }
    return keys.size === 0 ? null : new ClassKeys(keys, damaged)
  }

  /**
   * Unwraps the key of a file, or of the manifest. Null when it cannot be had: the class has no key, or the bytes are damaged.
   * `protectionClass` is what the manifest says beside the key; it is asked where the class in the key itself does not fit.
   */
  fileKey(wrapped: Uint8Array, protectionClass: number | null = null): Buffer | null {
    if (wrapped.length !== fileKeyBytes) return null
    const own = new DataView(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength).getUint32(0, true)
    const key = this.#unwrap(own, wrapped)
    if (key !== null || protectionClass === null || protectionClass === own) return key
    return this.#unwrap(protectionClass, wrapped)
  }

  #unwrap(protectionClass: number, wrapped: Uint8Array): Buffer | null {
    const classKey = this.#keys.get(protectionClass)
    const key = classKey === undefined ? null : unwrapKey(classKey, wrapped.subarray(4))
    return key?.length === 32 ? key : null
  }
}
