import { build, buildBinary, parse, parseBinary } from 'plist'

/** How property lists are written: `usual` is XML for what the computer writes and binary for what the phone does. */
export type PlistForm = 'usual' | 'xml' | 'binary'

/** A property list, XML as a text or binary as bytes, in the form that is asked for. */
export function plistInForm(content: string | Uint8Array, form: PlistForm): string | Uint8Array {
  if (form === 'usual') return content
  const value = typeof content === 'string' ? parse(content) : parseBinary(content)
  return form === 'xml' ? build(value) : buildBinary(value)
}
