import { type Decoded, DecodeFailure, decoded } from '../../decoding/decoding.js'
import { isA, type StreamObject, type StreamValue, TypedstreamReader } from './typedstream-reader.js'

/** A stretch of text with its attributes. Start and length are in UTF-16 units. */
export interface AttributedRun {
  readonly start: number
  readonly length: number
  /** Strings, numbers and addresses by their names; anything else under a name is null. */
  readonly attributes: ReadonlyMap<string, string | number | null>
}

/** An archived NSAttributedString. */
export interface AttributedText {
  readonly text: string
  /** Up to the first that is damaged. */
  readonly runs: readonly AttributedRun[]
}

/**
 * The text of an archived NSString, NSAttributedString or a mutable one of these: what `message.attributedBody` and the versions
 * of an edited message hold. Reads up to the end of the text, which is complete even where the attributes behind it are damaged.
 */
export function decodeAttributedText(bytes: Uint8Array): Decoded<string> {
  return decoded(() => enterText(bytes).text)
}

/** The text and what is said about its stretches: message parts, attachments, mentions, links. */
export function decodeAttributedRuns(bytes: Uint8Array): Decoded<AttributedText> {
  return decoded(() => {
    const { stream, text, isAttributed } = enterText(bytes)
    const runs: AttributedRun[] = []
    if (isAttributed) {
      try {
        readRuns(stream, runs)
      } catch (thrown) {
        // The text is whole, and so are the runs before the damage.
        if (!(thrown instanceof DecodeFailure)) throw thrown
      }
    }
    return { text, runs }
  })
}

function enterText(bytes: Uint8Array): {
  readonly stream: TypedstreamReader
  readonly text: string
  readonly isAttributed: boolean
} {
  const stream = new TypedstreamReader(bytes)
  let classes = stream.enter()
  const isAttributed = classes.includes('NSAttributedString')
  if (isAttributed) classes = stream.enter()
  if (!classes.includes('NSString'))
    throw new DecodeFailure(`The stream holds ${classes[0] ?? 'nothing'}, not text.`)
  const text = stream.text()
  return { stream, text, isAttributed }
}

/** Behind the text come groups `iI`: the number of a set of attributes and a length. A number that is new brings its dictionary. */
function readRuns(stream: TypedstreamReader, runs: AttributedRun[]): void {
  // What is left of the string itself.
  while (stream.group() !== null);
  const dictionaries: ReadonlyMap<string, string | number | null>[] = []
  let start = 0
  for (let group = stream.group(); group !== null; group = stream.group()) {
    const [number, length] = group
    if (typeof number !== 'number' || typeof length !== 'number' || length < 0)
      throw new DecodeFailure('The stream has no run of attributes where one should be.')
    if (number > dictionaries.length) dictionaries.push(attributesOf(stream.group()?.[0]))
    runs.push({ start, length, attributes: dictionaries[number - 1] ?? new Map() })
    start += length
  }
}

/** An archived dictionary is a count, then keys and values in turns. */
function attributesOf(value: StreamValue | undefined): ReadonlyMap<string, string | number | null> {
  if (!isA(value, 'NSDictionary')) throw new DecodeFailure('The attributes of the stream are no dictionary.')
  const attributes = new Map<string, string | number | null>()
  for (let at = 1; at + 1 < value.values.length; at += 2) {
    const name = plainValue(value.values[at])
    if (typeof name === 'string') attributes.set(name, plainValue(value.values[at + 1]))
  }
  return attributes
}

function plainValue(value: StreamValue | undefined): string | number | null {
  if (isA(value, 'NSString')) return stringOf(value)
  // Of an NSNumber, the type of its value comes first. Of an NSURL, whether it is relative, then its text.
  if (isA(value, 'NSNumber')) return numberOf(value.values[1])
  if (isA(value, 'NSURL')) {
    const text = value.values.find((each) => isA(each, 'NSString'))
    return isA(text, 'NSString') ? stringOf(text) : null
  }
  return null
}

function stringOf(object: StreamObject): string | null {
  const [text] = object.values
  return typeof text === 'string' ? text : null
}

function numberOf(value: StreamValue | undefined): number | null {
  return typeof value === 'number' ? value : null
}
