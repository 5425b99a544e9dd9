import type { Random } from '../../../src/testing/synthetic-backup/random.js'
import { sharpNumber } from '../damage.js'

/** A piece of a typed stream: a tag, an integer, or bytes behind their length. */
export type StreamPiece =
  | { readonly kind: 'tag'; readonly tag: number }
  | { readonly kind: 'integer'; readonly value: number; readonly width: 1 | 2 | 4 }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly claimed: number }

const begin = tag(0x84)
const nil = tag(0x85)
const end = tag(0x86)

/** An archived text with its runs, as pieces. */
export function streamDraft(random: Random): StreamPiece[] {
  const classes = random.pick([
    ['NSAttributedString', 'NSObject'],
    ['NSMutableAttributedString', 'NSAttributedString', 'NSObject'],
  ])
  const text = random.pick(['', 'plain', 'Zoë 🏡', '￼', 'x'.repeat(127), 'x'.repeat(128), 'é'.repeat(40_000)])
  return [
    begin,
    bytes('@'),
    ...object(classes),
    reference(0),
    ...object(
      random.pick([
        ['NSString', 'NSObject'],
        ['NSMutableString', 'NSString', 'NSObject'],
      ]),
    ),
    begin,
    bytes('+'),
    bytes(text),
    end,
    ...Array.from({ length: random.integer(0, 3) }, (_, index) => run(random, index)).flat(),
    end,
  ]
}

function run(random: Random, index: number): StreamPiece[] {
  return [
    begin,
    bytes(random.pick(['iI', '@', '[4c]', '{a=ii}', '*', 'f', 'd', 'q'])),
    integer(index + 1),
    integer(random.integer(0, 200)),
    reference(0),
    ...object(['NSDictionary', 'NSObject']),
    begin,
    bytes('i'),
    integer(random.integer(0, 3)),
    reference(random.integer(0, 12)),
    reference(random.integer(0, 12)),
    begin,
    bytes('__kIMMessagePartAttributeName'),
    end,
  ]
}

function object(classes: readonly string[]): StreamPiece[] {
  return [begin, ...classes.flatMap((name) => [begin, begin, bytes(name), integer(0)]), nil]
}

/** Damages pieces: lengths that lie, references to anywhere, tags in place of values, classes in chains that go on and on. */
export function damageStream(random: Random, pieces: StreamPiece[]): void {
  for (let times = random.integer(1, 3); times > 0 && pieces.length > 0; times--) {
    const at = random.integer(0, pieces.length - 1)
    const piece = pieces[at] ?? nil
    switch (random.integer(0, 5)) {
      case 0:
        if (piece.kind === 'bytes') pieces[at] = { ...piece, claimed: sharpNumber(random, piece.claimed) }
        break
      case 1:
        pieces[at] = reference(random.integer(-200, 200))
        break
      case 2:
        pieces[at] = tag(random.integer(0x80, 0x91))
        break
      case 3:
        pieces[at] = { kind: 'integer', value: sharpNumber(random, 0), width: random.pick([1, 2, 4]) }
        break
      case 4:
        pieces.splice(at, 0, ...chain(random.integer(1, 300)))
        break
      case 5:
        pieces.splice(at, 0, ...Array.from({ length: random.integer(1, 300) }, () => piece))
        break
    }
  }
}

/** Classes, each the superclass of the one before. */
function chain(length: number): StreamPiece[] {
  return Array.from({ length }, (_, index) => [begin, begin, bytes(`Class${index}`), integer(0)]).flat()
}

/** Writes the pieces behind a header, little-endian or big-endian. */
export function writeStream(pieces: readonly StreamPiece[], littleEndian: boolean): Buffer {
  const signature = Buffer.from(`\u0004\u000b${littleEndian ? 'streamtyped' : 'typedstream'}`, 'latin1')
  const parts = [signature, encoded(1000, 2, littleEndian)]
  for (const piece of pieces) {
    if (piece.kind === 'tag') parts.push(Buffer.from([piece.tag]))
    else if (piece.kind === 'integer') parts.push(encoded(piece.value, piece.width, littleEndian))
    else {
      const { claimed } = piece
      parts.push(encoded(claimed, claimed < 128 ? 1 : claimed < 65_536 ? 2 : 4, littleEndian), piece.bytes)
    }
  }
  return Buffer.concat(parts)
}

function encoded(value: number, width: 1 | 2 | 4, littleEndian: boolean): Buffer {
  if (width === 1) return Buffer.from([value & 255])
  const digits = Buffer.alloc(4)
  digits.writeInt32LE(value | 0)
  const number = digits.subarray(0, width)
  return Buffer.concat([
    Buffer.from([width === 2 ? 0x81 : 0x82]),
    littleEndian ? number : Buffer.from(number).reverse(),
  ])
}

function tag(value: number): StreamPiece {
  return { kind: 'tag', tag: value }
}

function integer(value: number): StreamPiece {
  return { kind: 'integer', value, width: 1 }
}

function reference(place: number): StreamPiece {
  return { kind: 'integer', value: place - 110, width: place < 238 && place >= 0 ? 1 : 2 }
}

function bytes(text: string): StreamPiece {
  const contents = Buffer.from(text)
  return { kind: 'bytes', bytes: contents, claimed: contents.length }
}
