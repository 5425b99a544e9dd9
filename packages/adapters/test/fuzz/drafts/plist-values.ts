import { attributedBody } from '../../../src/testing/synthetic-backup/messages/attributed-body.js'
import type { Random } from '../../../src/testing/synthetic-backup/random.js'
import { sharpNumber } from '../damage.js'
import type { DraftValue } from './plist-draft.js'

const words = [
  'SnapshotState',
  'IsEncrypted',
  '',
  'Zoë 🏡',
  '__proto__',
  'constructor',
  '\0',
  'NS.data',
  '$class',
]

/** Any value of a property list, up to a depth. */
export function anyValue(random: Random, depth: number): DraftValue {
  switch (random.integer(0, depth > 0 ? 11 : 8)) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
      return random.integer(0, 70_000)
    case 3:
      return random.pick([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n, 760_569_924_490_443_648n])
    case 4:
      return random.pick([0.5, -1e300, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, -0])
    case 5:
      return random.pick(words)
    case 6:
      return random.bytes(random.integer(0, 40))
    case 7:
      return new Date(random.integer(0, 4_000_000_000) * 1000)
    case 8:
      return { uid: random.integer(0, 300) }
    case 9:
    case 10:
      return new Map(list(random, 4, () => [random.pick(words), anyValue(random, depth - 1)] as const))
    default:
      return list(random, 5, () => anyValue(random, depth - 1))
  }
}

/** The `file` column of a manifest: an archive of one MBFile. */
export function manifestFileValue(random: Random): DraftValue {
  const objects: DraftValue[] = ['$null']
  const file = new Map<string, DraftValue>()
  objects.push(file)
  const refer = (value: DraftValue): DraftValue => ({ uid: objects.push(value) - 1 })
  const field = (name: string, value: () => DraftValue) => {
    if (random.chance(0.8)) file.set(name, random.chance(0.9) ? value() : anyValue(random, 1))
  }
  field('Mode', () => random.pick([0o100644, 0o040755, 0o120755, 0, sharpNumber(random, 0)]))
  field('Size', () => sharpNumber(random, 1000))
  field('Flags', () => 0)
  field('LastModified', () => sharpNumber(random, 1_700_000_000))
  field('ProtectionClass', () => random.integer(0, 12))
  field('RelativePath', () =>
    refer(random.pick(['Library/SMS/sms.db', '../../etc/passwd', '/etc/passwd', 'a\0b'])),
  )
  field('Digest', () => refer(wrapped(random, random.bytes(random.pick([20, 20, 20, 0, 19])))))
  field('EncryptionKey', () =>
    refer(wrapped(random, random.bytes(random.pick([44, 44, 44, 0, 4, 43, 1000])))),
  )
  field('$class', () => refer(classOf('MBFile')))
  return archive(objects)
}

/** The `payload_data` of a link preview. */
export function linkPreviewValue(random: Random): DraftValue {
  const text = () => random.pick(['https://example.org/a', 'Title', '', 'javascript:1', '🏡'])
  const objects: DraftValue[] = [
    '$null',
    new Map<string, DraftValue>([
      ['NS.keys', [{ uid: 2 }]],
      ['NS.objects', [{ uid: 3 }]],
      ['$class', { uid: 9 }],
    ]),
    random.pick(['richLinkMetadata', 'metadata']),
    new Map<string, DraftValue>([
      ['originalURL', { uid: random.chance(0.8) ? 4 : random.integer(0, 12) }],
      ['URL', { uid: 4 }],
      ['title', { uid: random.chance(0.8) ? 6 : 3 }],
      ['summary', { uid: 6 }],
      ['siteName', { uid: 7 }],
      ['$class', { uid: 10 }],
    ]),
    new Map<string, DraftValue>([
      ['NS.base', { uid: random.chance(0.7) ? 0 : 4 }],
      ['NS.relative', { uid: 5 }],
      ['$class', { uid: 8 }],
    ]),
    text(),
    text(),
    text(),
    classOf('NSURL'),
    classOf('NSDictionary'),
    classOf('LPLinkMetadata'),
  ]
  return archive(objects)
}

/** `message_summary_info`: edits with their wordings, and parts that were taken back. */
export function summaryValue(random: Random): DraftValue {
  const wording = (): DraftValue =>
    new Map<string, DraftValue>([
      ['d', random.chance(0.8) ? random.integer(0, 800_000_000) : anyValue(random, 1)],
      ['t', random.chance(0.8) ? attributedBody([{ text: 'Zoë', attributes: {} }]) : anyValue(random, 1)],
    ])
  const parts = list(random, 4, () => {
    const part = random.pick(['0', '1', '-1', '1e400', '9007199254740993', 'x', ''])
    return [part, random.chance(0.9) ? list(random, 4, wording) : anyValue(random, 1)] as const
  })
  return new Map<string, DraftValue>([
    ['ec', random.chance(0.9) ? new Map(parts) : anyValue(random, 2)],
    ['rp', random.chance(0.9) ? list(random, 3, () => random.integer(0, 3)) : anyValue(random, 2)],
    [
      'otr',
      new Map([
        [
          '0',
          new Map<string, DraftValue>([
            ['lo', 0],
            ['le', sharpNumber(random, 4)],
          ]),
        ],
      ]),
    ],
  ])
}

function archive(objects: readonly DraftValue[]): DraftValue {
  return new Map<string, DraftValue>([
    ['$version', 100_000],
    ['$archiver', 'NSKeyedArchiver'],
    ['$top', new Map([['root', { uid: 1 }]])],
    ['$objects', objects],
  ])
}

function wrapped(random: Random, bytes: Uint8Array): DraftValue {
  return random.chance(0.5) ? bytes : new Map<string, DraftValue>([['NS.data', bytes]])
}

function classOf(name: string): DraftValue {
  return new Map<string, DraftValue>([
    ['$classname', name],
    ['$classes', [name, 'NSObject']],
  ])
}

function list<Item>(random: Random, most: number, item: () => Item): Item[] {
  return Array.from({ length: random.integer(0, most) }, item)
}
