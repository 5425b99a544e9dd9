import { DecodeFailure, decoded } from '../../src/decoding/decoding.js'
import { parseKeybag } from '../../src/ios-backup/encryption/keybag.js'
import { parseManifestFile } from '../../src/ios-backup/manifest/manifest-file.js'
import { readMbdbRecord } from '../../src/ios-backup/manifest/mbdb-record.js'
import { linkPreviewOf } from '../../src/ios-backup/messages/link-preview.js'
import { parseMessageSummary } from '../../src/ios-backup/messages/message-summary.js'
import { decodeAttributedRuns, decodeAttributedText } from '../../src/ios-backup/messages/typedstream.js'
import { quotedStanza } from '../../src/ios-backup/whatsapp/quoted-stanza.js'
import { parsePlist } from '../../src/plist/parse-plist.js'
import { parseBinaryPlist } from '../../src/plist/read-binary.js'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { damageBytes, damageList } from './damage.js'
import { type DraftValue, damagePlist, plistDraft, writePlist } from './drafts/plist-draft.js'
import { anyValue, linkPreviewValue, manifestFileValue, summaryValue } from './drafts/plist-values.js'
import { keybagBytes, mbdbBytes, protobufBytes } from './drafts/record-drafts.js'
import { damageStream, streamDraft, writeStream } from './drafts/typedstream-draft.js'
import { damageXml, xmlDraft } from './drafts/xml-draft.js'

/** A decoder under fire. */
export interface Subject {
  /** Makes an input: sometimes valid, most often damaged in its structure, its bytes or both. */
  readonly make: (random: Random) => Uint8Array
  /** Decodes it. What this throws is a fault. */
  readonly decode: (bytes: Uint8Array) => unknown
}

/** Every decoder of bytes that a backup holds. */
export const subjects: Readonly<Record<string, Subject>> = {
  'binary property list': plistSubject((random) => anyValue(random, 5), parseBinaryPlist),
  'file of the manifest': plistSubject(manifestFileValue, parseManifestFile),
  'message summary': plistSubject(summaryValue, parseMessageSummary),
  'link preview': plistSubject(linkPreviewValue, linkPreviewOf),
  keybag: {
    make: (random) => perhapsDamaged(random, keybagBytes(random)),
    decode: (bytes) => checked(parseKeybag(bytes)),
  },
  'list of files of iOS 9': {
    make: (random) => perhapsDamaged(random, mbdbBytes(random)),
    decode: (bytes) => checked(decoded(() => allRecords(Buffer.from(bytes)))),
  },
  'quoted message of WhatsApp': {
    make: (random) => perhapsDamaged(random, protobufBytes(random)),
    decode: (bytes) => checked(quotedStanza(bytes)),
  },
  'text of a typed stream': streamSubject(decodeAttributedText),
  'attributed text of a typed stream': streamSubject(decodeAttributedRuns),
  'XML property list': {
    make(random) {
      const pieces = xmlDraft(random)
      if (random.chance(0.6)) damageXml(random, pieces)
      const damaged = random.chance(0.3) ? damageList(random, pieces) : pieces
      return perhapsDamaged(random, Buffer.from(damaged.join('')))
    },
    decode: (bytes) => checked(parsePlist(bytes)),
  },
}

/** Decoders that are wrong, by which the patrol is tested. */
export const culprits: Readonly<Record<string, Subject>> = {
  throwing: culprit((bytes) => {
    throw new RangeError(`out of range after ${bytes.length}`)
  }),
  hanging: culprit(() => {
    for (let step = 0; step < Number.POSITIVE_INFINITY; step++);
  }),
  hungry: culprit(() => {
    const eaten: unknown[][] = []
    for (;;) eaten.push(Array.from({ length: 1_000_000 }))
  }),
  'hungry for bytes': culprit(() => Array.from({ length: 150 }, () => Buffer.alloc(2 ** 20, 1))),
  swelling: culprit(() => Array.from({ length: 100_000 }, () => [])),
}

/** The input of a number: the same for the same seed, whatever came before. */
export function inputOf(subject: Subject, name: string, seed: string, index: number): Uint8Array {
  return subject.make(new Random(`${seed}/${name}/${index}`))
}

function plistSubject(
  value: (random: Random) => DraftValue,
  decode: (bytes: Uint8Array) => unknown,
): Subject {
  return {
    make(random) {
      const draft = plistDraft(value(random))
      if (random.chance(0.7)) damagePlist(random, draft)
      return perhapsDamaged(random, writePlist(draft))
    },
    decode: (bytes) => checked(decode(bytes)),
  }
}

function streamSubject(decode: (bytes: Uint8Array) => unknown): Subject {
  return {
    make(random) {
      const pieces = streamDraft(random)
      if (random.chance(0.5)) damageStream(random, pieces)
      const damaged = random.chance(0.3) ? damageList(random, pieces) : pieces
      return perhapsDamaged(random, writeStream(damaged, random.chance(0.9)))
    },
    decode: (bytes) => checked(decode(bytes)),
  }
}

function culprit(act: (bytes: Uint8Array) => unknown): Subject {
  return { make: (random) => random.bytes(60), decode: (bytes) => (bytes.includes(7) ? act(bytes) : null) }
}

function perhapsDamaged(random: Random, bytes: Buffer): Buffer {
  return random.chance(0.4) ? damageBytes(random, bytes) : bytes
}

function allRecords(bytes: Buffer): unknown[] {
  const records: unknown[] = []
  for (let at = 0; at < bytes.length; ) {
    const read = readMbdbRecord(bytes, at)
    if (read === null) throw new DecodeFailure('The list ends in the middle of a record.')
    if (read.end <= at) throw new Error(`The record at ${at} does not go forward.`)
    records.push(read.record)
    at = read.end
  }
  return records
}

/** A refusal has to say what is wrong. */
function checked(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('ok' in result) || result.ok !== false) return result
  if (!('problem' in result) || typeof result.problem !== 'string' || result.problem === '')
    throw new Error('A refusal without a sentence.')
  return null
}
