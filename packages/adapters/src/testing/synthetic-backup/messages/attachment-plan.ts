import type { SkipReason } from '@holdfast/core/import'
import { isSince, type SchemaVersion } from '../folder/generations.js'
import type { ResolvedAnomalies } from '../options.js'
import type { Random } from '../random.js'
import { type FileKind, fileKinds, pickKind } from './attachment-content.js'

/** What an attachment is, before it has a message. */
export interface PlannedAttachment {
  readonly kind: FileKind
  /** Null when a reader can have its content. */
  readonly unavailable: SkipReason | null
  readonly oddity: AttachmentOddity | null
  readonly isSticker: boolean
}

/** Odd attachments that can be read all the same. */
export type AttachmentOddity =
  | 'zero-bytes'
  | 'shared-content'
  | 'same-name'
  | 'absolute-path'
  | 'private-absolute-path'
  | 'no-transfer-name'
  | 'no-mime-type'

/** Attachments that come together, and what they come as. */
export interface AttachmentGroup {
  readonly purpose:
    | 'files'
    | 'on-two-messages'
    | 'on-no-message'
    | 'audio'
    | 'sticker'
    | 'sticker-tapback'
    | 'link-preview'
  readonly attachments: readonly PlannedAttachment[]
}

/** Plans exactly `count` attachments in groups, in the order in which they get row ids. Odd groups come at random places. */
export function planAttachments(
  random: Random,
  count: number,
  anomalies: ResolvedAnomalies,
  version: SchemaVersion,
): AttachmentGroup[] {
  const planned: AttachmentGroup[] = anomalousGroups(random, anomalies)
  let left = count - planned.length
  for (const group of oddGroups(random, version)) {
    if (group.attachments.length > left) continue
    planned.push(group)
    left -= group.attachments.length
  }
  while (left > 0) {
    const group = commonGroup(random, left, version)
    planned.push(group)
    left -= group.attachments.length
  }
  // What is to be on two messages needs one behind its own, so it comes first.
  const mixed = random.shuffle(planned)
  const isOnTwo = (group: AttachmentGroup) => group.purpose === 'on-two-messages'
  return [...mixed.filter(isOnTwo), ...mixed.filter((group) => !isOnTwo(group))]
}

function anomalousGroups(random: Random, anomalies: ResolvedAnomalies): AttachmentGroup[] {
  const counts: readonly (readonly [SkipReason, number])[] = [
    ['not-in-backup', anomalies.notInBackup],
    ['blob-missing', anomalies.blobMissing],
    ['no-path', anomalies.noPath],
    ['is-directory', anomalies.isDirectory],
    ['invalid-path', anomalies.invalidPath],
    ['undecryptable', anomalies.undecryptable],
    ['offloaded', anomalies.offloaded],
  ]
  return counts.flatMap(([unavailable, count]) =>
    Array.from({ length: count }, () => files([{ ...attachment(pickKind(random)), unavailable }])),
  )
}

function oddGroups(random: Random, version: SchemaVersion): AttachmentGroup[] {
  const odd = (oddity: AttachmentOddity, kind: FileKind = fileKinds.jpg) => ({ ...attachment(kind), oddity })
  const groups = [
    files([odd('same-name'), odd('same-name'), odd('same-name')]),
    files([odd('shared-content'), odd('shared-content')]),
    files([odd('shared-content')]),
    files([odd('zero-bytes', fileKinds.pdf)]),
    files([odd('absolute-path')]),
    files([odd('private-absolute-path')]),
    files([odd('no-transfer-name')]),
    files([odd('no-mime-type', fileKinds.zip)]),
    {
      purpose: 'on-two-messages' as const,
      attachments: [attachment(fileKinds.heic), attachment(fileKinds.mov)],
    },
    { purpose: 'on-no-message' as const, attachments: [attachment(fileKinds.png)] },
    ...(isSince(version, 'ios-9') ? [recording()] : []),
    ...specialPurposes(version).map((purpose) => special(purpose)),
  ]
  return random.shuffle(groups)
}

function commonGroup(random: Random, left: number, version: SchemaVersion): AttachmentGroup {
  const purposes = specialPurposes(version)
  if (purposes.length > 0 && random.chance(0.08)) return special(random.pick(purposes))
  if (isSince(version, 'ios-9') && random.chance(0.04)) return recording()
  const size = Math.min(left, random.pick([1, 1, 1, 1, 1, 1, 1, 2, 3, 5]))
  return files(
    Array.from({ length: size }, () => ({
      ...attachment(pickKind(random)),
      oddity: random.chance(0.01) ? ('shared-content' as const) : null,
    })),
  )
}

function specialPurposes(
  version: SchemaVersion,
): readonly ('sticker' | 'sticker-tapback' | 'link-preview')[] {
  if (!isSince(version, 'ios-10')) return []
  return isSince(version, 'ios-18')
    ? ['sticker', 'link-preview', 'sticker-tapback']
    : ['sticker', 'link-preview']
}

function special(purpose: 'sticker' | 'sticker-tapback' | 'link-preview'): AttachmentGroup {
  if (purpose === 'link-preview') return { purpose, attachments: [attachment(fileKinds.payload)] }
  return { purpose, attachments: [{ ...attachment(fileKinds.png), isSticker: true }] }
}

/** A voice that was recorded in the chat. */
function recording(): AttachmentGroup {
  return { purpose: 'audio', attachments: [attachment(fileKinds.caf)] }
}

function files(attachments: readonly PlannedAttachment[]): AttachmentGroup {
  return { purpose: 'files', attachments }
}

function attachment(kind: FileKind): PlannedAttachment {
  return { kind, unavailable: null, oddity: null, isSticker: false }
}
