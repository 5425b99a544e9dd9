import type { Decoded } from '../decoding/decoding.js'
import type { PlistValue } from './plist-value.js'
import { isBinaryPlist, parseBinaryPlist, type ReadPlistOptions } from './read-binary.js'
import { parseXmlPlist } from './read-xml.js'

/** Parses a property list, binary or XML. */
export function parsePlist(bytes: Uint8Array, options: ReadPlistOptions = {}): Decoded<PlistValue> {
  return isBinaryPlist(bytes)
    ? parseBinaryPlist(bytes, options)
    : parseXmlPlist(Buffer.from(bytes).toString('utf8'), options)
}
