/** Unix milliseconds of 2001-01-01T00:00:00Z, where Apple's clock starts. */
export const cocoaEpoch = 978_307_200_000

/** A reference into the object table of a keyed archive. */
export class Uid {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
}

/**
 * A number that is a real although it may be whole: some programs take 2.0 and refuse 2. Writers write it as one; readers give plain
 * numbers unless they are told to keep reals apart.
 */
export class Real {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/**
 * A value of a property list. Dictionaries are Maps, so that no key (`__proto__`) means anything special. Integers beyond 2^53 are
 * bigints.
 */
export type PlistValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | Uid
  | Real
  | readonly PlistValue[]
  | PlistDict

/** A dictionary of a property list. */
export type PlistDict = ReadonlyMap<string, PlistValue>

/** A dictionary of the entries that are not undefined. */
export function plistDict(entries: Readonly<Record<string, PlistValue | undefined>>): PlistDict {
  const dict = new Map<string, PlistValue>()
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) dict.set(key, value)
  return dict
}

/** Whether a value is a dictionary. */
export function isDict(value: PlistValue | undefined): value is PlistDict {
  return value instanceof Map
}

/** Whether a value is an array. */
export function isList(value: PlistValue | undefined): value is readonly PlistValue[] {
  return Array.isArray(value)
}

/**
 * What was meant by an integer that travelled as 64 bits: some writers put -6 into a list as 2^64 - 6. Null when it is no integer, or
 * one that a number cannot hold.
 */
export function signed64(value: PlistValue | undefined): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null
  if (typeof value !== 'bigint') return null
  const signed = Number(BigInt.asIntN(64, value))
  return Number.isSafeInteger(signed) ? signed : null
}
