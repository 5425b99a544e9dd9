import { isDict, isList, type PlistDict, type PlistValue, Real, Uid } from './plist-value.js'

const deepest = 128

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`

/** What XML cannot carry in any way: control characters, halves of surrogate pairs, and two code points that are no characters. */
const notInXml = /(?![\t\n\r\x7f-\x9f])\p{Cc}|\p{Cs}|[\ufffe\uffff]/u
const allNotInXml = new RegExp(notInXml, 'gu')

/**
 * Writes an XML property list as Apple does, with a line for each value. Dates lose their milliseconds.
 *
 * @throws TypeError for what XML lists do not have (null, text with control characters, numbers that are not finite) or nesting of
 * more than 128 levels: an error of the program that calls.
 */
export function writeXmlPlist(value: PlistValue): Buffer {
  const lines: string[] = []
  addLines(value, 0, lines)
  return Buffer.from(`${head}${lines.join('\n')}\n</plist>\n`)
}

/**
 * What of a value an XML property list can carry, for values that others have made: characters that XML does not have are left out of
 * texts, and nulls, numbers and dates that are none, entries whose key has such a character, and what is nested too deeply out of the
 * rest. Undefined where nothing is left; `depth` is that at which the value will stand.
 */
export function carriedByXml(value: PlistValue, depth = 0): PlistValue | undefined {
  if (depth > deepest || value === null) return undefined
  if (typeof value === 'string') return value.replace(allNotInXml, '')
  if (isList(value)) {
    return value.map((item) => carriedByXml(item, depth + 1)).filter((item) => item !== undefined)
  }
  if (isDict(value)) {
    const dict = new Map<string, PlistValue>()
    for (const [key, item] of value) {
      const carried = notInXml.test(key) ? undefined : carriedByXml(item, depth + 1)
      if (carried !== undefined) dict.set(key, carried)
    }
    return dict
  }
  // It is written as a dictionary.
  if (value instanceof Uid) return depth < deepest ? value : undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value
  const number = value instanceof Real ? value.value : value
  return typeof number === 'number' && !Number.isFinite(number) ? undefined : value
}

function addLines(value: PlistValue, depth: number, lines: string[]): void {
  if (depth > deepest) throw new TypeError('The value is nested too deeply for a property list')
  const indent = '\t'.repeat(depth)
  if (isDict(value)) {
    lines.push(`${indent}<dict>`)
    for (const [key, item] of value) {
      lines.push(`${indent}\t<key>${escape(key)}</key>`)
      addLines(item, depth + 1, lines)
    }
    lines.push(`${indent}</dict>`)
  } else if (isList(value)) {
    lines.push(`${indent}<array>`)
    for (const item of value) addLines(item, depth + 1, lines)
    lines.push(`${indent}</array>`)
  } else if (value instanceof Uid) {
    addLines(new Map([['CF$UID', value.index]]), depth, lines)
  } else {
    lines.push(indent + scalar(value))
  }
}

function scalar(value: Exclude<PlistValue, readonly PlistValue[] | PlistDict | Uid>): string {
  if (typeof value === 'string') return `<string>${escape(value)}</string>`
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>'
  if (typeof value === 'bigint') return `<integer>${value}</integer>`
  if (typeof value === 'number' && Number.isSafeInteger(value)) return `<integer>${value}</integer>`
  const real = value instanceof Real ? value.value : value
  if (typeof real === 'number' && Number.isFinite(real)) return `<real>${real}</real>`
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return `<date>${value.toISOString().replace(/\.\d+Z$/, 'Z')}</date>`
  }
  if (value instanceof Uint8Array) return `<data>${Buffer.from(value).toString('base64')}</data>`
  throw new TypeError('The value is none of an XML property list')
}

function escape(text: string): string {
  if (notInXml.test(text)) throw new TypeError('XML cannot carry a character of the text')
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;')
}
