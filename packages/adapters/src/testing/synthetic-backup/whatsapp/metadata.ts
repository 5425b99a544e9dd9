/**
 * Metadata of a message that answers another, in the protobuf wire format: the words quoted, the stanza id, who wrote it, and fields of
 * other wire types around them, as a reader must step over them.
 */
export function quotingMetadata(stanza: string): Buffer {
  return Buffer.concat([
    field(1, 0, Buffer.from([0xac, 0x02])),
    field(2, 1, Buffer.alloc(8, 7)),
    field(3, 5, Buffer.alloc(4, 9)),
    text(4, 'the words that were quoted'),
    text(5, stanza),
    text(6, '100000000000001@lid'),
    text(100, 'x'.repeat(300)),
  ])
}

function text(number: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  return field(number, 2, Buffer.concat([varint(bytes.length), bytes]))
}

function field(number: number, wireType: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + wireType), value])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Buffer.from([...bytes, rest])
}
