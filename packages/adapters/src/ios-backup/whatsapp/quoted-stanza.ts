import { type Decoded, DecodeFailure, decoded } from '../../decoding/decoding.js'

/** `ZWAMEDIAITEM.ZMETADATA`: field 5 holds the stanza id of the message that this one answers. */
const quotedField = 5

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the stanza id of the quoted message from a message's metadata, which is in the protobuf wire format
 * (https://protobuf.dev/programming-guides/encoding): null when the message answers none. Only the outermost fields are walked; their
 * meaning, but for that one, is not known here.
 */
export function quotedStanza(bytes: Uint8Array): Decoded<string | null> {
  return decoded(() => {
    let found: string | null = null
    let at = 0
    const varint = () => {
      let value = 0
      for (let shift = 0; shift < 10; shift++) {
        const byte = bytes[at++]
        if (byte === undefined) throw new DecodeFailure('A number is cut off.')
        value += (byte & 0x7f) * 2 ** (7 * shift)
        if (byte < 0x80) return value
      }
      throw new DecodeFailure('A number has more than ten bytes.')
    }
    const skip = (length: number) => {
      if (length > bytes.length - at) throw new DecodeFailure('A field is cut off.')
      at += length
    }
    while (at < bytes.length) {
      const tag = varint()
      const field = Math.floor(tag / 8)
      switch (tag % 8) {
        case 0:
          varint()
          break
        case 1:
          skip(8)
          break
        case 2: {
          const length = varint()
          const start = at
          skip(length)
          if (field === quotedField) found = textOf(bytes.subarray(start, at))
          break
        }
        case 5:
          skip(4)
          break
        default:
          throw new DecodeFailure(`There is no wire type ${tag % 8}.`)
      }
    }
    return found
  })
}

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = utf8.decode(bytes)
    return text === '' ? null : text
  } catch {
    throw new DecodeFailure('The id of the quoted message is no text.')
  }
}
