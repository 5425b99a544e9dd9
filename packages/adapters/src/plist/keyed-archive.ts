import { type Decoded, DecodeFailure, decoded } from '../decoding/decoding.js'
import { isDict, isList, type PlistDict, type PlistValue, Uid } from './plist-value.js'
import { parseBinaryPlist } from './read-binary.js'

/**
 * An archive of NSKeyedArchiver: a binary property list whose `$objects` refer to each other by number. Objects are looked at one
 * field at a time, so that an archive which contains itself keeps nobody busy.
 */
export class KeyedArchive {
  /** The object that was archived. */
  readonly root: PlistValue
  readonly #objects: readonly PlistValue[]

  private constructor(root: PlistValue, objects: readonly PlistValue[]) {
    this.#objects = objects
    this.root = this.#resolve(root)
  }

  /** Opens an archive of one object. */
  static open(bytes: Uint8Array): Decoded<KeyedArchive> {
    const plist = parseBinaryPlist(bytes)
    if (!plist.ok) return plist
    return decoded(() => {
      const top = isDict(plist.value) ? plist.value.get('$top') : null
      const objects = isDict(plist.value) ? plist.value.get('$objects') : null
      if (!isDict(top) || !isList(objects)) throw new DecodeFailure('It is not a keyed archive.')
      return new KeyedArchive(top.get('root') ?? null, objects)
    })
  }

  /** The value under a key of a dictionary, archived as such or as an object with fields; null when there is none. */
  at(holder: PlistValue, key: string): PlistValue {
    if (!isDict(holder)) return null
    const direct = holder.get(key)
    if (direct !== undefined) return this.#resolve(direct)
    const keys = this.#resolve(holder.get('NS.keys') ?? null)
    const values = this.#resolve(holder.get('NS.objects') ?? null)
    if (!isList(keys) || !isList(values)) return null
    const index = keys.findIndex((each) => this.text(this.#resolve(each)) === key)
    return index < 0 ? null : this.#resolve(values[index] ?? null)
  }

  /** Text: a string, an NSString, an NSAttributedString or an NSURL; null when it is none of these, or empty. */
  text(value: PlistValue): string | null {
    if (typeof value === 'string') return value === '' || value === '$null' ? null : value
    if (!isDict(value)) return null
    for (const key of ['NS.string', 'NS.relative', 'NSString'] as const) {
      const inner = this.#resolve(value.get(key) ?? null)
      if (typeof inner === 'string') return this.text(inner)
      if (isDict(inner)) return this.#innerText(inner)
    }
    return null
  }

  #innerText(value: PlistDict): string | null {
    const inner = this.#resolve(value.get('NS.string') ?? null)
    return typeof inner === 'string' ? this.text(inner) : null
  }

  #resolve(value: PlistValue): PlistValue {
    return value instanceof Uid ? (this.#objects[value.index] ?? null) : value
  }
}
