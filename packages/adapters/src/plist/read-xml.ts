import { SaxesParser } from 'saxes'
import { type Decoded, DecodeFailure, decoded } from '../decoding/decoding.js'
import { type PlistValue, Real } from './plist-value.js'
import type { ReadPlistOptions } from './read-binary.js'

/** What a document may have: a phone with a thousand apps has 20,000 tags, and one attribute. */
const mostTags = 200_000
const mostAttributes = 1000
const deepest = 128

/** An element that began and has not ended. */
interface Open {
  readonly name: string
  text: string
  readonly items: PlistValue[]
  readonly entries: Map<string, PlistValue>
  /** The key whose value comes next in a dictionary. */
  key: string | null
}

/**
 * Parses an XML property list, without a tree: what is kept are the values, and what is refused is told and printed nowhere. The XML
 * itself is read by saxes, which expands no entities but the five of XML. The library `plist` makes a tree of a kilobyte for each tag
 * first, and prints what it finds wrong to the console of whoever embeds it.
 */
export function parseXmlPlist(
  text: string,
  { keepReals = false }: ReadPlistOptions = {},
): Decoded<PlistValue> {
  return decoded(() => {
    if (!text.trimEnd().endsWith('</plist>')) throw new DecodeFailure('It is cut off, or no property list.')
    const open: Open[] = []
    let tags = 0
    let attributes = 0
    let top: Open | null = null
    const parser = new SaxesParser({ xmlns: false, position: false })
    parser.on('error', ({ message }) => {
      throw new DecodeFailure(`It is no XML: ${message}`)
    })
    parser.on('attribute', () => {
      attributes += 1
      if (attributes > mostAttributes) throw new DecodeFailure('It has too many attributes.')
    })
    parser.on('opentag', ({ name }) => {
      tags += 1
      if (tags > mostTags) throw new DecodeFailure('It has too many tags.')
      if (open.length === deepest) throw new DecodeFailure('It is nested too deeply.')
      if (open.length === 0 && name !== 'plist') throw new DecodeFailure('It begins with no <plist>.')
      open.push({ name, text: '', items: [], entries: new Map(), key: null })
    })
    const addText = (added: string) => {
      const current = open.at(-1)
      if (current !== undefined) current.text += added
    }
    parser.on('text', addText)
    parser.on('cdata', addText)
    parser.on('closetag', () => {
      const ended = open.pop()
      const parent = open.at(-1)
      if (ended !== undefined && parent !== undefined) put(parent, ended, keepReals)
      else top = ended ?? null
    })
    parser.write(text).close()
    return valueOf(top)
  })
}

function valueOf(plist: Open | null): PlistValue {
  const [value, ...more] = plist?.items ?? []
  if (value === undefined || more.length > 0) throw new DecodeFailure('It holds not one value.')
  return value
}

/** Puts an element that has ended where it belongs. */
function put(parent: Open, { name, text, items, entries, key }: Open, keepReals: boolean): void {
  if (parent.name === 'dict') {
    if (name === 'key' && parent.key === null) {
      parent.key = text
      return
    }
    if (name === 'key' || parent.key === null) throw new DecodeFailure('Keys and values do not alternate.')
  } else if (parent.name !== 'array' && parent.name !== 'plist') {
    throw new DecodeFailure(`<${parent.name}> has elements inside.`)
  }
  if (key !== null) throw new DecodeFailure('A key has no value.')
  const value = name === 'dict' ? entries : name === 'array' ? items : scalar(name, text, keepReals)
  if (parent.key === null) parent.items.push(value)
  else parent.entries.set(parent.key, value)
  parent.key = null
}

function scalar(name: string, text: string, keepReals: boolean): PlistValue {
  switch (name) {
    case 'string':
      return text
    case 'integer':
      return integer(text.trim())
    case 'real':
      return keepReals ? new Real(Number.parseFloat(text)) : Number.parseFloat(text)
    case 'true':
      return true
    case 'false':
      return false
    case 'date':
      return new Date(text.trim())
    case 'data':
      // Of what is no base64, as much as there is of it.
      return new Uint8Array(Buffer.from(text, 'base64'))
    default:
      throw new DecodeFailure(`<${name}> is no element of a property list.`)
  }
}

function integer(text: string): number | bigint {
  if (!/^[+-]?\d{1,20}$/.test(text)) throw new DecodeFailure('A number is no number.')
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text.replace('+', ''))
}
