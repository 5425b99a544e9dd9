import { type Decoded, DecodeFailure, decoded } from '../../decoding/decoding.js'

/** A class of files, and its key as the keybag has it. */
export interface WrappedClassKey {
  readonly protectionClass: number
  /** The key, wrapped after RFC 3394 with what the password gives: 40 bytes. */
  readonly wrapped: Uint8Array
}

/** How the password becomes the key that unwraps the class keys. */
export interface KeyDerivation {
  readonly salt: Uint8Array
  readonly iterations: number
  /** The first of two derivations, which iOS 10.2 put before the older one; null in older keybags. */
  readonly first: { readonly salt: Uint8Array; readonly iterations: number } | null
}

/** The keybag of an encrypted backup: nothing in it is secret without the password. */
export interface Keybag {
  readonly derivation: KeyDerivation
  /** Keys that the password opens, of one class each; at least one. */
  readonly classKeys: readonly WrappedClassKey[]
}

/** A real keybag has 1,388 bytes. */
const mostBytes = 64 * 1024
const mostKeys = 64
/** Real keybags ask for 10,000,000 and 10,000 rounds. A derivation cannot be stopped once it runs, so what is far beyond is refused. */
const mostFirstIterations = 50_000_000
const mostIterations = 5_000_000
const wrappedBytes = 40

/** Set in `WRAP` when the password is needed for the key (without it: the key of the phone, which no backup gives). */
const wrappedByPassword = 2

type Fields = Map<string, Buffer>

/**
 * Reads a keybag: records of a four-letter tag, a big-endian length and a value. A `UUID` behind the first opens the record of a
 * class. (Format after jsharkey13/iphone_backup_decrypt and Apple's Platform Security Guide, “Keybags for Data Protection”.)
 */
export function parseKeybag(bytes: Uint8Array): Decoded<Keybag> {
  return decoded(() => {
    const [header = new Map<string, Buffer>(), ...classes] = readRecords(bytes)
    return { derivation: derivationOf(header), classKeys: classKeysOf(classes) }
  })
}

/** The header and the classes, each as its fields. */
function readRecords(bytes: Uint8Array): Fields[] {
  if (bytes.length > mostBytes) throw new DecodeFailure('The keybag is too large.')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let current: Fields = new Map()
  const records = [current]
  for (let at = 0; at < buffer.length; ) {
    if (at + 8 > buffer.length) throw new DecodeFailure('The keybag ends within a field.')
    const tag = buffer.toString('latin1', at, at + 4)
    const length = buffer.readUInt32BE(at + 4)
    at += 8
    if (length > buffer.length - at)
      throw new DecodeFailure(`Field ${printable(tag)} of the keybag is cut off.`)
    if (tag === 'UUID' && current.has('UUID')) {
      if (records.length > mostKeys) throw new DecodeFailure('The keybag has too many classes.')
      current = new Map()
      records.push(current)
    }
    current.set(tag, buffer.subarray(at, at + length))
    at += length
  }
  return records
}

function derivationOf(header: Fields): KeyDerivation {
  const salt = saltOf(header, 'SALT')
  const iterations = iterationsOf(header, 'ITER', mostIterations)
  // Both or none: with one of them lost the older derivation would give a wrong key, and the user would be told of a wrong password.
  const first =
    header.has('DPSL') || header.has('DPIC')
      ? { salt: saltOf(header, 'DPSL'), iterations: iterationsOf(header, 'DPIC', mostFirstIterations) }
      : null
  return { salt, iterations, first }
}

function classKeysOf(records: readonly Fields[]): readonly WrappedClassKey[] {
  const keys: WrappedClassKey[] = []
  for (const record of records) {
    const protectionClass = numberOf(record, 'CLAS')
    const wrapped = record.get('WPKY')
    if ((numberOf(record, 'WRAP') & wrappedByPassword) === 0 || wrapped === undefined) continue
    if (wrapped.length !== wrappedBytes) {
      throw new DecodeFailure(
        `The key of class ${protectionClass} has ${wrapped.length} bytes instead of 40.`,
      )
    }
    keys.push({ protectionClass, wrapped })
  }
  if (keys.length === 0) throw new DecodeFailure('The keybag has no key that a password opens.')
  return keys
}

function saltOf(fields: Fields, tag: string): Uint8Array {
  const salt = required(fields, tag)
  if (salt.length < 8 || salt.length > 1024) {
    throw new DecodeFailure(`Field ${tag} of the keybag has ${salt.length} bytes.`)
  }
  return salt
}

function iterationsOf(fields: Fields, tag: string, most: number): number {
  const count = numberOf(fields, tag)
  if (count < 1 || count > most)
    throw new DecodeFailure(`Field ${tag} of the keybag asks for ${count} rounds.`)
  return count
}

function numberOf(fields: Fields, tag: string): number {
  const value = required(fields, tag)
  if (value.length !== 4)
    throw new DecodeFailure(`Field ${tag} of the keybag has ${value.length} bytes instead of 4.`)
  return value.readUInt32BE()
}

function required(fields: Fields, tag: string): Buffer {
  const value = fields.get(tag)
  if (value === undefined) throw new DecodeFailure(`The keybag has no field ${tag}.`)
  return value
}

function printable(tag: string): string {
  return tag.replace(/[^\x20-\x7e]/g, '?')
}
