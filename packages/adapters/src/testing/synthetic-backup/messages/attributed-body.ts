import { type TypedStreamClass, TypedStreamWriter } from './typedstream-writer.js'

/** A stretch of text and its attributes: a number, a string or data under each name. */
export interface TextRun {
  readonly text: string
  readonly attributes: Readonly<Record<string, number | string | Uint8Array>>
}

const nsObject: TypedStreamClass = ['NSObject', 0]
const attributedString: readonly TypedStreamClass[] = [['NSAttributedString', 0], nsObject]
const mutableAttributedString: readonly TypedStreamClass[] = [
  ['NSMutableAttributedString', 0],
  ...attributedString,
]
const string: readonly TypedStreamClass[] = [['NSString', 1], nsObject]
const mutableString: readonly TypedStreamClass[] = [['NSMutableString', 1], ...string]
const dictionary: readonly TypedStreamClass[] = [['NSDictionary', 0], nsObject]
const number: readonly TypedStreamClass[] = [['NSNumber', 0], ['NSValue', 0], nsObject]
const data: readonly TypedStreamClass[] = [['NSData', 0], nsObject]

/**
 * A message body as `message.attributedBody` and the edits in `message_summary_info` hold it: an archived NSAttributedString,
 * or its mutable kind, which Messages writes for what is typed on the phone. The text's length prefix counts UTF-8 bytes,
 * the lengths of the runs count UTF-16 units.
 */
export function attributedBody(
  runs: readonly TextRun[],
  options: { readonly mutable?: boolean } = {},
): Buffer {
  const stream = new TypedStreamWriter()
  const keys = new Map<string, number>()
  stream.type('@')
  stream.object(options.mutable ? mutableAttributedString : attributedString)
  stream.type('@')
  writeString(stream, runs.map((run) => run.text).join(''), options.mutable ? mutableString : string)
  for (const [index, run] of runs.entries()) {
    stream.type('iI')
    stream.integer(index + 1)
    stream.integer(run.text.length)
    stream.type('@')
    stream.object(dictionary)
    const entries = Object.entries(run.attributes)
    stream.type('i')
    stream.integer(entries.length)
    for (const [name, value] of entries) {
      stream.type('@')
      const known = keys.get(name)
      if (known === undefined) keys.set(name, writeString(stream, name, string))
      else stream.reference(known)
      stream.type('@')
      writeValue(stream, value)
    }
    stream.end()
  }
  stream.end()
  return stream.finish()
}

function writeString(stream: TypedStreamWriter, text: string, classes: readonly TypedStreamClass[]): number {
  const place = stream.object(classes)
  stream.type('+')
  stream.string(text)
  stream.end()
  return place
}

function writeValue(stream: TypedStreamWriter, value: number | string | Uint8Array): void {
  if (typeof value === 'string') {
    writeString(stream, value, string)
  } else if (typeof value === 'number') {
    stream.object(number)
    stream.type('*')
    stream.cString('i')
    stream.type('i')
    stream.integer(value)
    stream.end()
  } else {
    stream.object(data)
    stream.type('i')
    stream.integer(value.length)
    stream.type(`[${value.length}c]`)
    stream.raw(value)
    stream.end()
  }
}
