import { createHash } from 'node:crypto'
import type { SqliteStatement } from '../../../sqlite/driver.js'
import { cocoaEpochSeconds, toCocoaSeconds } from '../folder/apple-time.js'
import type { BackupWriter } from '../folder/backup-writer.js'
import { preparedInsert } from '../prepared-insert.js'
import type { Random } from '../random.js'
import type { AttachmentTruth } from '../truth.js'
import type { BackupFile } from '../well-known-files.js'
import { type AttachmentSizes, fileKinds, makeContent, pickSize } from './attachment-content.js'
import type { PlannedAttachment } from './attachment-plan.js'
import type { MessageSchema } from './message-schema.js'

/** The message that an attachment is made for. */
export interface AttachmentOwner {
  readonly guid: string
  readonly isFromMe: boolean
  /** Unix milliseconds UTC. */
  readonly sentAt: number
}

/** An attachment that was written. */
export interface MadeAttachment {
  readonly rowid: number
  readonly guid: string
  /** What a reader should make of it on a message; null for on none. */
  readonly truthOn: (messageGuid: string | null, part: number | null) => AttachmentTruth
  /** What a reader should make of the files in it, in the order of their paths, where it is a folder. */
  readonly truthInside: (messageGuid: string | null, part: number | null) => readonly AttachmentTruth[]
}

/** A file inside of a folder. */
interface InnerFile {
  readonly path: string
  readonly content: Buffer
}

interface Row {
  readonly rowid: number
  readonly guid: string
  readonly createdDate: number
  readonly filename: string | null
  readonly uti: string
  readonly mimeType: string | null
  readonly isOutgoing: boolean
  readonly transferName: string | null
  readonly totalBytes: number | null
  readonly isSticker: boolean
  readonly hidden: boolean
  /** 5 when the file is there, 0 while it waits to be loaded. */
  readonly transferState: number
  /** Name of its record in iCloud. */
  readonly cloudRecord: string | null
}

const mediaDomain = 'MediaDomain'

/** How the phone's home folder is written in a path, by what is odd about the attachment. */
const homes: Readonly<Record<string, string>> = {
  'absolute-path': '/var/mobile',
  'private-absolute-path': '/private/var/mobile',
}

/** A file outside the message folders that a path with `../` leads to: a reader that merely resolves such paths would take it. */
export const bait: BackupFile = {
  domain: mediaDomain,
  relativePath: 'Library/Preferences/com.example.bait.plist',
}

/** Writes attachments: the row, and in the backup the file or what is wrong about it. */
export class AttachmentMaker {
  readonly #backup: BackupWriter
  readonly #random: Random
  readonly #sizes: Required<AttachmentSizes>
  readonly #insert: (row: Row) => void
  readonly #sharedContent: Buffer
  /** iOS 6 has no columns for the name and the size. */
  readonly #hasTransferName: boolean
  #made = 0
  #rowid = 0
  #invalidPaths = 0

  constructor(options: {
    readonly backup: BackupWriter
    readonly prepare: (sql: string) => SqliteStatement
    readonly schema: MessageSchema
    readonly random: Random
    readonly sizes: Required<AttachmentSizes>
  }) {
    this.#backup = options.backup
    this.#random = options.random
    this.#sizes = options.sizes
    this.#hasTransferName = options.schema.has('attachment', 'transfer_name')
    this.#sharedContent = makeContent(options.random, fileKinds.jpg, 12_345)
    this.#insert = preparedInsert<Row>(options.prepare, 'attachment', options.schema, {
      ROWID: (row) => row.rowid,
      guid: (row) => row.guid,
      created_date: (row) => row.createdDate,
      start_date: (row) => row.createdDate,
      filename: (row) => row.filename,
      uti: (row) => row.uti,
      mime_type: (row) => row.mimeType,
      transfer_state: (row) => row.transferState,
      is_outgoing: (row) => Number(row.isOutgoing),
      transfer_name: (row) => row.transferName,
      total_bytes: (row) => row.totalBytes,
      is_sticker: (row) => Number(row.isSticker),
      hide_attachment: (row) => Number(row.hidden),
      original_guid: (row) => row.guid,
      ck_sync_state: (row) => Number(row.cloudRecord !== null),
      ck_record_id: (row) => row.cloudRecord,
    })
  }

  /** Writes one attachment. `part` is its place in the message. */
  make(planned: PlannedAttachment, owner: AttachmentOwner, part: number): MadeAttachment {
    const random = this.#random
    const place = this.#made++
    this.#rowid += random.chance(0.01) ? 2 : 1
    const rowid = this.#rowid
    const guid = owner.isFromMe ? random.uuid() : `at_${part}_${owner.guid}`
    const content = this.#contentOf(planned, place)
    const name = this.#nameOf(planned, place)
    const inner = planned.unavailable === 'is-directory' ? this.#packageOf(guid, content) : []
    const filename = this.#writeFile(planned, guid, name, { content, inner })
    const readable = planned.unavailable === null
    const row: Row = {
      rowid,
      guid,
      createdDate: toCocoaSeconds(owner.sentAt),
      filename,
      uti: planned.kind.uti,
      mimeType: planned.oddity === 'no-mime-type' ? '' : planned.kind.mimeType,
      isOutgoing: owner.isFromMe,
      transferName:
        planned.oddity === 'no-transfer-name' || (filename === null && place % 2 === 0) ? null : name,
      // What the phone claims is often wrong: here sometimes nothing, or the size before it converted the file.
      totalBytes: random.chance(0.02) ? null : content.length + (random.chance(0.03) ? 4711 : 0),
      isSticker: planned.isSticker,
      hidden: planned.kind.extension === fileKinds.payload.extension,
      transferState: planned.unavailable === 'offloaded' ? 0 : 5,
      // The record alone says nothing: what is in iCloud may be on the phone too.
      cloudRecord: planned.unavailable === 'offloaded' || place % 3 === 0 ? random.hex(64) : null,
    }
    this.#insert(row)
    const record = {
      type: 'attachment',
      guid,
      name:
        (this.#hasTransferName ? row.transferName : null) ??
        filename?.slice(filename.lastIndexOf('/') + 1) ??
        null,
      mimeType: row.mimeType === '' ? null : row.mimeType,
      uti: row.uti,
      isSticker: row.isSticker,
      createdAt: (row.createdDate + cocoaEpochSeconds) * 1000,
      claimedBytes: this.#hasTransferName ? row.totalBytes : null,
      unavailable: planned.unavailable,
      ...(readable ? digestOf(content) : { sha256: null, bytes: null }),
    } as const
    const truthOn: MadeAttachment['truthOn'] = (messageGuid, inMessage) => ({
      ...record,
      part: inMessage,
      key: `${guid}@${messageGuid ?? ''}`,
      parent: messageGuid === null ? null : { type: 'message', key: messageGuid },
    })
    return {
      rowid,
      guid,
      truthOn,
      truthInside: (messageGuid, inMessage) =>
        inner.map(({ path, content: of }) => ({
          ...truthOn(messageGuid, inMessage),
          ...digestOf(of),
          key: `${guid}/${path}@${messageGuid ?? ''}`,
          guid: `${guid}/${path}`,
          name: `${record.name}/${path}`,
          mimeType: null,
          uti: null,
          claimedBytes: of.length,
          unavailable: null,
        })),
    }
  }

  #contentOf(planned: PlannedAttachment, place: number): Buffer {
    if (planned.oddity === 'zero-bytes') return Buffer.alloc(0)
    if (planned.oddity === 'shared-content') return this.#sharedContent
    return makeContent(this.#random, planned.kind, pickSize(this.#random, place, this.#sizes))
  }

  /** The files of a document that is a package, in the order of their paths. */
  #packageOf(guid: string, index: Buffer): readonly InnerFile[] {
    const random = this.#random.fork(`package ${guid}`)
    return [
      { path: 'Data/Fotos/Strand.jpg', content: makeContent(random, fileKinds.jpg, 3210) },
      { path: 'Index.zip', content: index },
      { path: 'Metadata/BuildVersionHistory.plist', content: Buffer.from('<plist><array/></plist>') },
    ]
  }

  #nameOf(planned: PlannedAttachment, place: number): string {
    if (planned.unavailable === 'is-directory') return `Bericht ${place}.pages`
    if (planned.oddity === 'same-name') return 'IMG_0001.jpg'
    return planned.kind.name.replace('#', String(place + 1).padStart(4, '0'))
  }

  /** Puts the file into the backup, as far as it is to be there. Returns the `filename` column. */
  #writeFile(
    planned: PlannedAttachment,
    guid: string,
    name: string,
    { content, inner }: { readonly content: Buffer; readonly inner: readonly InnerFile[] },
  ): string | null {
    const folder = this.#random.integer(0, 255)
    const high = folder.toString(16).padStart(2, '0')
    const low = String(folder & 15).padStart(2, '0')
    const parent = planned.isSticker && this.#random.chance(0.5) ? 'StickerCache' : 'Attachments'
    const relativePath = `Library/SMS/${parent}/${high}/${low}/${guid}/${name}`
    const file: BackupFile = { domain: mediaDomain, relativePath }
    switch (planned.unavailable) {
      case 'no-path':
        return null
      case 'invalid-path':
        return this.#escapingPath(high, low, name)
      case 'not-in-backup':
        // The same path in another domain is another file: a reader that looks up paths alone would take it.
        this.#backup.addFile(
          { domain: 'AppDomain-com.example.notebook', relativePath },
          Buffer.from('another file'),
        )
        break
      case 'offloaded':
        break
      case 'blob-missing':
        this.#backup.addMissingBlob(file, content)
        break
      case 'undecryptable':
        this.#backup.addUndecryptable(file, content)
        break
      case 'is-directory':
        this.#backup.addDirectory(file)
        for (const each of inner) {
          this.#backup.addFile(
            { domain: mediaDomain, relativePath: `${relativePath}/${each.path}` },
            each.content,
          )
        }
        break
      default:
        this.#backup.addFile(file, content)
    }
    return `${homes[planned.oddity ?? ''] ?? '~'}/${relativePath}`
  }

  #escapingPath(high: string, low: string, name: string): string {
    const paths = [
      `~/Library/SMS/Attachments/${high}/${low}/../../../../Preferences/com.example.bait.plist`,
      `~/Library/SMS/Attachments/${high}/${low}/../../../../../../../../etc/${name}`,
      `/var/mobile/Library/SMS/../../../../private/etc/${name}`,
    ] as const
    return paths[this.#invalidPaths++ % paths.length] ?? paths[0]
  }
}

function digestOf(content: Buffer): { readonly sha256: string; readonly bytes: number } {
  return { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }
}
