import { createHash } from 'node:crypto'
import type { BackupWriter } from '../folder/backup-writer.js'
import { openForWriting } from '../folder/open-for-writing.js'
import { fileKinds } from '../messages/attachment-content.js'
import type { ResolvedOptions } from '../options.js'
import type { AttachmentTruth, TruthCollector } from '../truth.js'
import { contactImagesFile } from '../well-known-files.js'
import type { PlannedContact } from './contact-plan.js'
import { contactId } from './contact-truth.js'

/** An image of a contact. */
interface PlannedImage {
  readonly record: number
  /** Null for the photo itself. */
  readonly format: number | null
  readonly data: Buffer
  readonly mimeType: string | null
}

/** A person who is no longer there, and whose image stayed. */
const deletedPerson = 1_000_000

/**
 * Writes AddressBookImages.sqlitedb: photos and thumbnails of the first contacts, `options.contactImages` in all. Every third has no
 * photo but thumbnails only, and with more than five the last is one of a contact that was deleted.
 */
export async function writeContactImages(
  options: ResolvedOptions,
  backup: BackupWriter,
  contacts: readonly PlannedContact[],
  withGuid: boolean,
  truth: TruthCollector,
): Promise<void> {
  const images = planImages(options, contacts)
  const db = openForWriting(backup.blobPath(contactImagesFile), options.openSqlite)
  const rowids = new Map<PlannedImage, number>()
  try {
    db.exec(`BEGIN;
      CREATE TABLE ABFullSizeImage (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, record_id INTEGER, crop_x INTEGER, crop_y INTEGER,
        crop_width INTEGER, data BLOB, UNIQUE(record_id));
      CREATE TABLE ABThumbnailImage (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, record_id INTEGER, format INTEGER,
        derived_from_format INTEGER, data BLOB, UNIQUE(record_id, format));`)
    const photo = db.prepare(
      'INSERT INTO ABFullSizeImage (record_id, crop_x, crop_y, crop_width, data) VALUES (?, 0, 0, 640, ?)',
    )
    const thumbnail = db.prepare(
      'INSERT INTO ABThumbnailImage (record_id, format, derived_from_format, data) VALUES (?, ?, 2, ?)',
    )
    for (const image of images) {
      const { record, format, data } = image
      const { lastInsertRowid } =
        format === null ? photo.run(record, data) : thumbnail.run(record, format, data)
      rowids.set(image, Number(lastInsertRowid))
    }
    db.exec('COMMIT')
  } finally {
    db.close()
  }
  await backup.adoptFile(contactImagesFile)
  const idOf = new Map(contacts.map((contact) => [contact.rowid, contactId(contact, withGuid)]))
  const inOrder = [
    ...images.filter(({ format }) => format === null),
    ...images.filter(({ format }) => format !== null),
  ]
  for (const image of inOrder) truth.contactImage(imageTruth(image, idOf.get(image.record) ?? null))
}

function planImages(
  { contactImages, random: source }: ResolvedOptions,
  contacts: readonly PlannedContact[],
): PlannedImage[] {
  const random = source.fork('contact images')
  const images: PlannedImage[] = []
  for (const [place, { rowid: record }] of contacts.entries()) {
    const formats = place % 3 === 2 ? [0, 5] : [null, 0, 5]
    for (const format of formats) {
      if (images.length === contactImages) break
      const { magic, mimeType } = random.pick([fileKinds.jpg, fileKinds.jpg, fileKinds.png, fileKinds.heic])
      const data = Buffer.concat([magic, random.bytes(format === null ? 9000 : 800)])
      images.push({ record, format, data, mimeType })
    }
  }
  const last = images.at(-1)
  if (last === undefined || images.length <= 5) return images
  return [...images.slice(0, -1), { ...last, record: deletedPerson, format: 0 }]
}

function imageTruth(
  { record, format, data, mimeType }: PlannedImage,
  contact: string | null,
): AttachmentTruth {
  const guid = `${contact ?? `person-${record}`}/${format === null ? 'photo' : `thumbnail-${format}`}`
  return {
    type: 'attachment',
    key: `${guid}@${contact ?? ''}`,
    guid,
    parent: contact === null ? null : { type: 'contact', key: contact },
    part: null,
    name: null,
    mimeType,
    uti: null,
    isSticker: false,
    createdAt: null,
    claimedBytes: data.length,
    unavailable: null,
    sha256: createHash('sha256').update(data).digest('hex'),
    bytes: data.length,
  }
}
