import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SqliteDatabase } from '../src/sqlite/index.js'
import type { BackupTruth } from '../src/testing/index.js'
import { fileNames } from './library-fixture.js'

/**
 * Holds a library, read by plain SQL through its public views, against what the maker of the backup knows to be in it:
 * every row of every view, every file by its content. The maker did not read the backup, and the library did not see the truth.
 */
export function expectLibraryToEqualTruth(
  db: SqliteDatabase,
  attachmentsFolder: string,
  truth: BackupTruth,
): void {
  const rows = (sql: string) => db.prepare(sql).all()
  const bit = (value: boolean): number => (value ? 1 : 0)

  expect(
    rows(
      `SELECT guid, chat_guid, sender, is_from_me, sent_at, read_at, delivered_at, edited_at, text, text_state, kind, service, subject,
         reply_to_guid, effect, balloon, group_title, is_deleted, reply_to_part, target_guid, target_part, unsent_parts, deleted_at,
         event, event_handle, link_url, link_title, link_summary, link_site_name, app_name, app_text, app_caption, app_subcaption,
         app_url, audio, is_scheduled FROM messages ORDER BY guid`,
    ),
  ).toEqual(
    byKey(truth.messages).map((message) => ({
      guid: message.guid,
      chat_guid: message.chatGuid,
      sender: message.sender,
      is_from_me: bit(message.isFromMe),
      sent_at: message.sentAt,
      read_at: message.readAt,
      delivered_at: message.deliveredAt,
      edited_at: message.editedAt,
      text: message.text,
      text_state: message.textState,
      kind: message.kind,
      service: message.service,
      subject: message.subject,
      reply_to_guid: message.replyToGuid,
      effect: message.effect,
      balloon: message.balloon,
      group_title: message.groupTitle,
      is_deleted: bit(message.isDeleted),
      reply_to_part: message.replyToPart,
      target_guid: message.target?.guid ?? null,
      target_part: message.target?.part ?? null,
      unsent_parts: message.unsentParts.length === 0 ? null : JSON.stringify(message.unsentParts),
      deleted_at: message.deletedAt,
      event: message.event?.kind ?? null,
      event_handle: message.event?.handle ?? null,
      link_url: message.linkPreview?.url ?? null,
      link_title: message.linkPreview?.title ?? null,
      link_summary: message.linkPreview?.summary ?? null,
      link_site_name: message.linkPreview?.siteName ?? null,
      app_name: message.app?.name ?? null,
      app_text: message.app?.text ?? null,
      app_caption: message.app?.caption ?? null,
      app_subcaption: message.app?.subcaption ?? null,
      app_url: message.app?.url ?? null,
      audio: message.audio,
      is_scheduled: bit(message.isScheduled),
    })),
  )

  expect(
    rows('SELECT message_guid, handle, start, length FROM message_mentions ORDER BY message_guid, start'),
  ).toEqual(
    byKey(truth.messages).flatMap(({ guid, mentions }) =>
      mentions.map(({ handle, start, length }) => ({ message_guid: guid, handle, start, length })),
    ),
  )
  expect(
    rows(
      'SELECT message_guid, part, deleted_at, text FROM message_deleted_parts ORDER BY message_guid, part',
    ),
  ).toEqual(
    byKey(truth.messages).flatMap(({ guid, deletedParts }) =>
      deletedParts.map(({ part, deletedAt, text }) => ({
        message_guid: guid,
        part,
        deleted_at: deletedAt,
        text,
      })),
    ),
  )

  expect(
    rows(
      'SELECT message_guid, part, version, edited_at, text FROM message_edits ORDER BY message_guid, part, version',
    ),
  ).toEqual(
    byKey(truth.messages).flatMap(({ guid, edits }) =>
      edits.map(({ part, version, editedAt, text }) => ({
        message_guid: guid,
        part,
        version,
        edited_at: editedAt,
        text,
      })),
    ),
  )

  expect(
    rows('SELECT guid, message_guid, part, kind, emoji, sender, is_from_me FROM reactions ORDER BY guid'),
  ).toEqual(
    byKey(truth.messages)
      .filter(({ reaction }) => reaction !== null && !reaction.removed)
      .filter((message) => !isTakenBack(message, truth))
      .map(({ guid, reaction, sender, isFromMe }) => ({
        guid,
        message_guid: reaction?.targetGuid,
        part: reaction?.targetPart,
        kind: reaction?.kind,
        emoji: reaction?.emoji,
        sender,
        is_from_me: bit(isFromMe),
      })),
  )

  expect(rows('SELECT guid, identifier, display_name, is_group, service FROM chats ORDER BY guid')).toEqual(
    byKey(truth.chats).map(({ guid, identifier, displayName, isGroup, service }) => ({
      guid,
      identifier,
      display_name: displayName,
      is_group: bit(isGroup),
      service,
    })),
  )
  expect(rows('SELECT chat_guid, handle FROM chat_members ORDER BY chat_guid, handle')).toEqual(
    byKey(truth.chats).flatMap(({ guid, members }) => members.map((handle) => ({ chat_guid: guid, handle }))),
  )

  expect(
    rows(
      `SELECT id, display_name, first_name, middle_name, last_name, prefix, suffix, nickname, phonetic_first_name,
         phonetic_middle_name, phonetic_last_name, organization, department, job_title, note, birthday, created_at, modified_at
       FROM contacts ORDER BY id`,
    ),
  ).toEqual(
    byKey(truth.contacts).map((contact) => ({
      id: contact.id,
      display_name: contact.displayName,
      first_name: contact.firstName,
      middle_name: contact.middleName,
      last_name: contact.lastName,
      prefix: contact.prefix,
      suffix: contact.suffix,
      nickname: contact.nickname,
      phonetic_first_name: contact.phoneticFirstName,
      phonetic_middle_name: contact.phoneticMiddleName,
      phonetic_last_name: contact.phoneticLastName,
      organization: contact.organization,
      department: contact.department,
      job_title: contact.jobTitle,
      note: contact.note,
      birthday: contact.birthday,
      created_at: contact.createdAt,
      modified_at: contact.modifiedAt,
    })),
  )
  const points = (list: readonly unknown[]) => list.map((point) => JSON.stringify(point)).sort()
  expect(
    points(
      rows(
        `SELECT contact_id, kind, value, label, handle, service, street, city, state, postal_code, country, country_code
         FROM contact_points`,
      ),
    ),
  ).toEqual(
    points(
      truth.contacts.flatMap(({ id, points: all }) =>
        all.map(({ kind, value, label, handle, service, address }) => ({
          contact_id: id,
          kind,
          value,
          label,
          handle,
          service,
          street: address?.street ?? null,
          city: address?.city ?? null,
          state: address?.state ?? null,
          postal_code: address?.postalCode ?? null,
          country: address?.country ?? null,
          country_code: address?.countryCode ?? null,
        })),
      ),
    ),
  )

  // Every sender leads to the contacts that have the handle, in whatever way people typed it.
  const senders = new Set(truth.messages.flatMap(({ sender }) => (sender === null ? [] : [sender])))
  const links = (list: readonly unknown[]) => [...new Set(list.map((link) => JSON.stringify(link)))].sort()
  expect(
    links(
      rows('SELECT h.contact_id, m.sender FROM messages m JOIN contact_handles h ON h.handle = m.sender'),
    ),
  ).toEqual(
    links(
      truth.contacts.flatMap(({ id, points: all }) =>
        all.flatMap(({ handle }) =>
          handle !== null && senders.has(handle) ? [{ contact_id: id, sender: handle }] : [],
        ),
      ),
    ),
  )

  const all = [...truth.contactImages, ...truth.attachments]
  const keyOf = (row: Record<string, string | number | null>) =>
    `${row['guid']}@${row['message_guid'] ?? row['contact_id'] ?? ''}`
  const attachments = rows(
    'SELECT guid, message_guid, contact_id, sha256, bytes, mime_type, name, status, reason, path, uti, is_sticker, created_at, claimed_bytes, part FROM attachments',
  ) as Record<string, string | number | null>[]
  expect(attachments.map(({ path: _, ...row }) => row).sort((a, b) => compare(keyOf(a), keyOf(b)))).toEqual(
    [...all]
      .sort((a, b) => compare(a.key, b.key))
      .map((attachment) => ({
        guid: attachment.guid,
        message_guid: attachment.parent?.type === 'message' ? attachment.parent.key : null,
        contact_id: attachment.parent?.type === 'contact' ? attachment.parent.key : null,
        sha256: attachment.sha256,
        bytes: attachment.bytes,
        mime_type: attachment.mimeType,
        name: attachment.name,
        status: attachment.unavailable === null ? 'stored' : 'skipped',
        reason: attachment.unavailable,
        uti: attachment.uti,
        is_sticker: bit(attachment.isSticker),
        created_at: attachment.createdAt,
        claimed_bytes: attachment.claimedBytes,
        part: attachment.part,
      })),
  )

  const expectedFiles = new Set(all.flatMap(({ sha256 }) => (sha256 === null ? [] : [sha256])))
  const files = fileNames(attachmentsFolder)
  const hashes = files.map((name) =>
    createHash('sha256')
      .update(readFileSync(join(attachmentsFolder, name)))
      .digest('hex'),
  )
  expect([...hashes].sort()).toEqual([...expectedFiles].sort())
  for (const [index, name] of files.entries()) {
    // attachments/<first two hex>/<sha256><.ext>
    expect(name).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{64}(\.[a-z0-9]{1,8})?$/)
    expect(name.slice(3, 67)).toBe(hashes[index])
    expect(name.slice(0, 2)).toBe(name.slice(3, 5))
  }
  for (const { path, sha256 } of attachments) {
    if (sha256 !== null) expect(files).toContain(String(path))
  }
}

/** Whether a later row of the same person takes this reaction back. */
function isTakenBack(message: BackupTruth['messages'][number], truth: BackupTruth): boolean {
  const { reaction } = message
  return truth.messages.some(
    (other) =>
      other.reaction?.removed === true &&
      other.reaction.targetGuid === reaction?.targetGuid &&
      other.reaction.targetPart === reaction.targetPart &&
      other.reaction.kind === reaction.kind &&
      other.reaction.emoji === reaction.emoji &&
      other.sender === message.sender &&
      other.isFromMe === message.isFromMe &&
      (other.sentAt ?? 0) > (message.sentAt ?? 0),
  )
}

function byKey<Item extends { readonly key: string }>(items: readonly Item[]): readonly Item[] {
  return [...items].sort((a, b) => compare(a.key, b.key))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
