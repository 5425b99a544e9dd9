import { renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { fileNames } from '../library-fixture.js'
import { blobsOfContents, type DisturbedImport, flip } from './one-import.js'

const isLong = process.env['HOLDFAST_LONG'] === '1'
/** What is drawn in this process; told with each test. */
export const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000)

const file = ({ workshop }: DisturbedImport, which = 0) => {
  const root = join(workshop.folder, 'attachments')
  return join(root, fileNames(root)[which] ?? '')
}
/** A blob of the backup whose content the library holds. */
export const blob = (of: DisturbedImport, which = 0) => {
  const path = blobsOfContents(of)[which]
  if (path === undefined) throw new Error('no blob of the backup is in the library')
  return path
}
/** What runs SQL on the library. */
export const sql =
  (text: string) =>
  ({ app }: DisturbedImport): void =>
    void app.db.exec(text)

/** What somebody does, in words and in deed. */
export type Disturbance = readonly [what: string, disturb: (place: DisturbedImport) => void | Promise<void>]

/** What somebody can do to the library's database. */
const ofRows: readonly Disturbance[] = [
  ['a text is another', sql("UPDATE message_rows SET text = 'x' WHERE text IS NOT NULL")],
  ['a sender is another', sql("UPDATE message_rows SET sender = '+1' WHERE sender IS NOT NULL")],
  ['a date is another', sql('UPDATE message_rows SET sent_at = sent_at + 1')],
  ['a message is gone', sql('DELETE FROM message_rows WHERE row = 3')],
  ['a chat is gone', sql('DELETE FROM chat_rows WHERE row = 1')],
  ['a member is gone', sql('DELETE FROM chat_member_rows WHERE chat = 1 AND position = 0')],
  ['a contact is another', sql("UPDATE contact_rows SET last_name = 'x'")],
  ['the number of a contact is another', sql("UPDATE contact_point_rows SET value = '1' WHERE position = 0")],
  ['a call is gone', sql('DELETE FROM call_rows WHERE row = 1')],
  ['the handle of a call is another', sql("UPDATE call_handle_rows SET handle = '+1'")],
  ['a voicemail is another', sql('UPDATE voicemail_rows SET duration_ms = 1')],
  ['an attachment has another name', sql("UPDATE attachment_rows SET name = 'x' WHERE row = 1")],
  [
    'an attachment has another’s content',
    sql(`UPDATE attachment_rows SET (sha256, bytes) =
    (SELECT sha256, bytes FROM attachment_rows AS o WHERE o.row <> attachment_rows.row AND o.sha256 IS NOT attachment_rows.sha256 LIMIT 1)
    WHERE row = (SELECT min(row) FROM attachment_rows WHERE sha256 IS NOT NULL)`),
  ],
  [
    'a message was added',
    sql(`INSERT INTO message_rows (import, owner, hash, guid, is_from_me, kind, text_state, is_deleted)
    SELECT import, owner, hash, 'planted', 0, 'message', 'none', 0 FROM message_rows LIMIT 1`),
  ],
  [
    'a row is of another owner',
    sql(
      "INSERT INTO owner_rows (owner) VALUES ('eve'); UPDATE message_rows SET owner = last_insert_rowid() WHERE row = 2",
    ),
  ],
  ['the list of items lacks one', sql('DELETE FROM import_items WHERE seq = 4')],
  [
    'the list of items says otherwise of one',
    sql("UPDATE import_items SET outcome = 'present' WHERE seq = 4"),
  ],
  [
    'a handle is gone that joins messages to contacts',
    sql('DELETE FROM handle_rows WHERE handle = (SELECT min(handle) FROM handle_rows)'),
  ],
]

/** What somebody can do to the library's files. */
export const ofFiles: readonly Disturbance[] = [
  ['a byte of a file is another', (of) => flip(file(of))],
  ['a file is gone', (of) => unlinkSync(file(of))],
  [
    'two files have changed places',
    (of) => {
      const between = join(of.workshop.folder, 'between')
      renameSync(file(of, 0), between)
      renameSync(file(of, 1), file(of, 0))
      renameSync(between, file(of, 1))
    },
  ],
]

/** Some of what somebody can do to the library's database, drawn by the seed; all of it where it may take long. */
export const drawnOfRows: readonly Disturbance[] = isLong
  ? ofRows
  : new Random(`disturbances ${seed}`).shuffle(ofRows).slice(0, 5)
