import type { ImportRecord, ImportRef, Reaction } from '@holdfast/core/import'
import {
  receiptFor,
  sampleAttachment,
  sampleCall,
  sampleChat,
  sampleContact,
  sampleMessage,
  samplePoint,
  sampleVoicemail,
} from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LibraryFolder, makeLibraryFolder } from '../../../test/library-fixture.js'

const signal = new AbortController().signal

let library: LibraryFolder
beforeEach(async () => {
  library = await makeLibraryFolder()
})
afterEach(() => library.cleanUp())

/** Stages an import; nobody sees anything of it yet. */
async function stage(
  id: string,
  records: readonly ImportRecord[],
  more: Partial<ImportRef> = {},
): Promise<ImportRef> {
  const ref = { id, owner: 'ann', fingerprint: id, udid: 'phone', ...more }
  await library.storage.begin(ref)
  const content = async function* () {
    yield Buffer.from('content')
  }
  await library.storage.write(id, { records, cursor: 1 }, { content, signal })
  return ref
}

async function publish(
  id: string,
  records: readonly ImportRecord[],
  more: Partial<ImportRef> = {},
): Promise<void> {
  await library.storage.publish(id, await receiptFor(await stage(id, records, more)))
}

function rows(sql: string, ...parameters: unknown[]): unknown[] {
  return library.db.prepare(sql).all(...parameters)
}

function reaction(guid: string, sentAt: number, more: Partial<Reaction>, sender = '+1'): ImportRecord {
  const given = { targetGuid: 'm1', targetPart: 0, kind: 'love', emoji: null, removed: false } as const
  return sampleMessage(guid, { kind: 'tapback', sender, sentAt, reaction: { ...given, ...more } })
}

describe('the views of a library', () => {
  it('show messages with their times in unix milliseconds', async () => {
    await publish('i', [sampleMessage('m1', { sentAt: 1_600_000_000_123, replyToGuid: 'm0', readAt: 7 })])
    expect(
      rows(
        'SELECT guid, chat_guid, sender, is_from_me, sent_at, text, kind, service, reply_to_guid, read_at, owner FROM messages',
      ),
    ).toEqual([
      {
        guid: 'm1',
        chat_guid: 'chat-a',
        sender: '+15550001',
        is_from_me: 0,
        sent_at: 1_600_000_000_123,
        text: 'This is m1',
        kind: 'message',
        service: 'iMessage',
        reply_to_guid: 'm0',
        read_at: 7,
        owner: 'ann',
      },
    ])
  })

  it('show the wordings of edited messages', async () => {
    const edits = [
      { part: 0, version: 0, editedAt: 1, text: 'First “wording”\n' },
      { part: 0, version: 1, editedAt: null, text: null },
    ]
    await publish('i', [sampleMessage('m1', { edits }), sampleMessage('m2')])
    expect(rows('SELECT message_guid, part, version, edited_at, text FROM message_edits')).toEqual([
      { message_guid: 'm1', part: 0, version: 0, edited_at: 1, text: 'First “wording”\n' },
      { message_guid: 'm1', part: 0, version: 1, edited_at: null, text: null },
    ])
  })

  it('show chats and their members', async () => {
    await publish('i', [sampleChat('c', { members: ['+1', 'x@y'] })])
    expect(rows('SELECT guid, display_name, is_group FROM chats')).toEqual([
      { guid: 'c', display_name: 'Crew', is_group: 1 },
    ])
    expect(rows('SELECT chat_guid, handle FROM chat_members')).toEqual([
      { chat_guid: 'c', handle: '+1' },
      { chat_guid: 'c', handle: 'x@y' },
    ])
  })

  it('show contacts and how to reach them', async () => {
    await publish('i', [sampleContact('7')])
    expect(rows('SELECT id, display_name, device FROM contacts')).toEqual([
      { id: '7', display_name: 'Contact 7', device: 'phone' },
    ])
    expect(rows('SELECT contact_id, kind, value, label FROM contact_points')).toEqual([
      { contact_id: '7', kind: 'phone', value: '+15550001', label: 'mobile' },
    ])
  })

  it('show attachments with their file, or why they have none', async () => {
    const sha256 = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73'
    await publish('i', [sampleAttachment('a', 'm'), sampleAttachment('b', 'm', { unavailable: 'offloaded' })])
    expect(
      rows('SELECT guid, message_guid, sha256, bytes, name, status, reason, path FROM attachments'),
    ).toEqual([
      {
        guid: 'a',
        message_guid: 'm',
        sha256,
        bytes: 7,
        name: 'IMG_0001.HEIC',
        status: 'stored',
        reason: null,
        path: `ed/${sha256}.heic`,
      },
      {
        guid: 'b',
        message_guid: 'm',
        sha256: null,
        bytes: null,
        name: 'IMG_0001.HEIC',
        status: 'skipped',
        reason: 'offloaded',
        path: null,
      },
    ])
  })

  it('keep the content of an attachment that the phone has since moved to iCloud', async () => {
    await publish('one', [sampleAttachment('a', 'm')])
    const before = rows('SELECT sha256, status, reason, path FROM attachments')
    await publish('two', [sampleAttachment('a', 'm', { unavailable: 'offloaded' })])
    expect(rows('SELECT sha256, status, reason, path FROM attachments')).toEqual(before)
    await library.storage.discard('one')
    expect(rows('SELECT sha256, status, reason, path FROM attachments')).toEqual(before)
    const files = JSON.stringify((await library.dump()).files)
    expect(files).toContain('ed7002b4')
  })

  it('show imports with their receipts', async () => {
    await publish('i', [sampleMessage('m1')])
    const [row] = rows('SELECT id, owner, udid, items, receipt FROM imports')
    expect(row).toMatchObject({ id: 'i', owner: 'ann', udid: 'phone', items: 1 })
    expect(JSON.stringify(row)).toContain('seal')
  })
})

describe('the views of calls and voicemails', () => {
  const shownCalls = () => rows('SELECT id, direction, handle, device FROM calls ORDER BY id')
  const shownHandles = () => rows('SELECT call_id, handle FROM call_handles ORDER BY call_id, handle')
  const shownVoicemails = () => rows('SELECT id, sender, callback_number, device FROM voicemails ORDER BY id')

  it('show each with its fields, and a call with all who took part', async () => {
    await publish('i', [
      sampleCall('c1', { handles: ['+1', '+2'], medium: 'facetime-video' }),
      sampleCall('c2', { direction: 'outgoing', isAnswered: false, handles: [] }),
      sampleVoicemail('v1', { trashedAt: 7, isRead: null }),
    ])
    expect(
      rows(
        'SELECT id, started_at, duration_ms, direction, is_answered, medium, service, handle, device, owner FROM calls ORDER BY id',
      ),
    ).toEqual([
      {
        id: 'c1',
        started_at: 1_600_000_000_000,
        duration_ms: 61_500,
        direction: 'incoming',
        is_answered: 1,
        medium: 'facetime-video',
        service: 'com.apple.Telephony',
        handle: '+1',
        device: 'phone',
        owner: 'ann',
      },
      expect.objectContaining({ id: 'c2', direction: 'outgoing', is_answered: 0, handle: null }),
    ])
    expect(shownHandles()).toEqual([
      { call_id: 'c1', handle: '+1' },
      { call_id: 'c1', handle: '+2' },
    ])
    expect(rows('SELECT * FROM voicemails')).toEqual([
      {
        id: 'v1',
        sender: '+15550001',
        callback_number: '+15550001',
        received_at: 1_600_000_000_000,
        duration_ms: 14_000,
        trashed_at: 7,
        is_read: null,
        device: 'phone',
        owner: 'ann',
      },
    ])
  })

  it('show nothing before it is published, the newer of two imports, and the older again when that is discarded', async () => {
    const first = await stage('one', [
      sampleCall('c', { handles: ['+1'] }),
      sampleVoicemail('v', { sender: '+1' }),
    ])
    for (const shown of [shownCalls, shownHandles, shownVoicemails]) expect(shown()).toEqual([])
    await library.storage.publish('one', await receiptFor(first))
    const before = [shownCalls(), shownHandles(), shownVoicemails()]
    expect(before).toMatchObject([[{ handle: '+1' }], [{ handle: '+1' }], [{ sender: '+1' }]])

    await publish('two', [sampleCall('c', { handles: ['+2'] }), sampleVoicemail('v', { sender: '+2' })])
    expect([shownCalls(), shownHandles(), shownVoicemails()]).toMatchObject([
      [{ handle: '+2' }],
      [{ handle: '+2' }],
      [{ sender: '+2' }],
    ])
    await library.storage.discard('two')
    expect([shownCalls(), shownHandles(), shownVoicemails()]).toEqual(before)
    await library.storage.discard('one')
    for (const shown of [shownCalls, shownHandles, shownVoicemails]) expect(shown()).toEqual([])
  })

  it('keep the same id of two phones apart', async () => {
    await publish('one', [sampleCall('c'), sampleVoicemail('v')])
    await publish('two', [sampleCall('c', { handles: ['+2'] }), sampleVoicemail('v')], { udid: 'tablet' })
    expect(rows('SELECT id, device, handle FROM calls ORDER BY device')).toEqual([
      { id: 'c', device: 'phone', handle: '+15550001' },
      { id: 'c', device: 'tablet', handle: '+2' },
    ])
    expect(rows('SELECT id, device FROM voicemails ORDER BY device')).toEqual([
      { id: 'v', device: 'phone' },
      { id: 'v', device: 'tablet' },
    ])
  })
})

describe('the view of the handles of contacts', () => {
  const ann = (...handles: readonly string[]) =>
    sampleContact('ann', {
      points: handles.map((handle) => samplePoint('phone', `typed ${handle}`, { handle })),
    })
  const shown = () => rows('SELECT contact_id, handle FROM contact_handles ORDER BY handle')

  it('joins a contact to each of its handles that messages, conversations, calls or voicemails name, once', async () => {
    await publish('i', [
      ann('+1', '+2', '+3', '+4', '+5', '+6'),
      sampleMessage('m1', { sender: '+1' }),
      sampleMessage('m2', { sender: '+1' }),
      sampleChat('c', { members: ['+2', '+9'] }),
      sampleCall('call', { handles: ['+3'] }),
      sampleVoicemail('v', { sender: '+4', callbackNumber: '+5' }),
    ])
    expect(shown()).toEqual(['+1', '+2', '+3', '+4', '+5'].map((handle) => ({ contact_id: 'ann', handle })))
  })

  it('shows handles of published imports only, and none of one that was discarded', async () => {
    await publish('people', [ann('+1', '+2', '+3')])
    const staged = await stage('calls', [
      sampleCall('call', { handles: ['+1'] }),
      sampleVoicemail('v', { sender: '+2' }),
    ])
    expect(shown()).toEqual([])
    await library.storage.publish('calls', await receiptFor(staged))
    expect(shown()).toMatchObject([{ handle: '+1' }, { handle: '+2' }])
    await publish('messages', [sampleMessage('m', { sender: '+3' })])
    await library.storage.discard('calls')
    expect(shown()).toMatchObject([{ handle: '+3' }])
    await library.storage.discard('messages')
    expect(shown()).toEqual([])
  })

  it('follows a contact whose number changed, and lets go of one that was discarded', async () => {
    await publish('one', [
      ann('+1'),
      sampleCall('c1', { handles: ['+1'] }),
      sampleCall('c2', { handles: ['+2'] }),
    ])
    await publish('two', [ann('+2')])
    expect(shown()).toEqual([{ contact_id: 'ann', handle: '+2' }])
    await library.storage.discard('two')
    expect(shown()).toEqual([{ contact_id: 'ann', handle: '+1' }])
  })

  it('joins nobody to what another owner’s messages name', async () => {
    await publish('one', [ann('+1')])
    await publish('two', [sampleCall('c', { handles: ['+1'] })], { owner: 'bob' })
    expect(shown()).toEqual([])
  })
})

describe('the view of reactions', () => {
  const shown = () =>
    rows('SELECT message_guid, part, kind, emoji, sender, guid FROM reactions ORDER BY guid')

  it('shows those in force, under the message reacted to', async () => {
    await publish('i', [
      reaction('r1', 1, {}),
      reaction('r2', 2, { kind: 'emoji', emoji: '🫡', targetPart: null }, '+2'),
    ])
    expect(shown()).toEqual([
      { message_guid: 'm1', part: 0, kind: 'love', emoji: null, sender: '+1', guid: 'r1' },
      { message_guid: 'm1', part: null, kind: 'emoji', emoji: '🫡', sender: '+2', guid: 'r2' },
    ])
  })

  it('does not show one that its sender took back', async () => {
    await publish('i', [
      reaction('r1', 1, {}),
      reaction('r2', 2, {}, '+2'),
      reaction('r3', 3, { removed: true }),
      reaction('r4', 4, { removed: true, kind: 'like' }, '+2'),
    ])
    expect(shown()).toMatchObject([{ guid: 'r2' }])
  })

  it('shows one that was given again after it was taken back', async () => {
    await publish('i', [reaction('r1', 1, {}), reaction('r2', 2, { removed: true }), reaction('r3', 3, {})])
    expect(shown()).toMatchObject([{ guid: 'r3' }])
  })

  it('shows the later of two imports where the phone kept only the last tapback of a person', async () => {
    await publish('one', [reaction('r1', 1, {}), reaction('s1', 1, { kind: 'sticker' })])
    await publish('two', [reaction('r2', 2, { kind: 'like' }), reaction('s2', 2, { kind: 'sticker' })])
    expect(shown()).toMatchObject([{ guid: 'r2' }, { guid: 's1' }, { guid: 's2' }])
    await library.storage.discard('two')
    expect(shown()).toMatchObject([{ guid: 'r1' }, { guid: 's1' }])
  })

  it('shows a reaction again when the import that took it back is discarded', async () => {
    await publish('one', [reaction('r1', 1, {})])
    await publish('two', [reaction('r2', 2, { removed: true })])
    expect(shown()).toEqual([])
    await library.storage.discard('two')
    expect(shown()).toMatchObject([{ guid: 'r1' }])
  })
})

describe('a query of the views', () => {
  const plan = (sql: string, ...parameters: unknown[]): string =>
    rows(`EXPLAIN QUERY PLAN ${sql}`, ...parameters)
      .map((row) => (typeof row === 'object' && row !== null && 'detail' in row ? String(row.detail) : ''))
      .join('\n')

  for (const [sql, index] of [
    ['SELECT * FROM messages WHERE guid = ?', 'SEARCH m USING INDEX message_rows_guid'],
    ['SELECT * FROM messages WHERE chat_guid = ? ORDER BY sent_at', 'SEARCH m USING INDEX message_rows_chat'],
    [
      'SELECT * FROM messages WHERE chat_guid = ? ORDER BY sent_at DESC LIMIT 50',
      'SEARCH m USING INDEX message_rows_chat',
    ],
    ['SELECT * FROM messages WHERE sent_at > ? ORDER BY sent_at', 'SEARCH m USING INDEX message_rows_sent'],
    ['SELECT * FROM messages ORDER BY sent_at DESC LIMIT 50', 'SCAN m USING INDEX message_rows_sent'],
    ['SELECT * FROM message_edits WHERE message_guid = ?', 'SEARCH m USING INDEX message_rows_guid'],
    ['SELECT * FROM reactions WHERE message_guid = ?', 'SEARCH r USING INDEX message_rows_reaction'],
    ['SELECT * FROM chats WHERE guid = ?', 'SEARCH c USING INDEX chat_rows_guid'],
    ['SELECT * FROM chat_members WHERE chat_guid = ?', 'SEARCH c USING INDEX chat_rows_guid'],
    ['SELECT * FROM chat_members WHERE handle = ?', 'chat_member_rows_handle'],
    ['SELECT * FROM attachments WHERE guid = ?', 'SEARCH a USING INDEX attachment_rows_guid'],
    ['SELECT * FROM attachments WHERE message_guid = ?', 'SEARCH a USING INDEX attachment_rows_message'],
    ['SELECT * FROM attachments WHERE sha256 = ?', 'SEARCH a USING INDEX attachment_rows_sha256'],
    ['SELECT * FROM contacts WHERE id = ?', 'SEARCH c USING INDEX contact_rows_id'],
    ['SELECT * FROM contact_points WHERE contact_id = ?', 'SEARCH c USING INDEX contact_rows_id'],
    ['SELECT * FROM contact_points WHERE value = ?', 'contact_point_rows_value'],
    ['SELECT * FROM calls WHERE id = ?', 'SEARCH c USING INDEX call_rows_id'],
    ['SELECT * FROM calls ORDER BY started_at DESC LIMIT 50', 'SCAN c USING INDEX call_rows_started'],
    ['SELECT * FROM call_handles WHERE handle = ?', 'call_handle_rows_handle'],
    ['SELECT * FROM voicemails WHERE id = ?', 'SEARCH v USING INDEX voicemail_rows_id'],
  ] as const) {
    it(`uses an index and sorts nothing: ${sql}`, () => {
      const found = sql.includes('?') ? plan(sql, 'x') : plan(sql)
      expect(found).toContain(index)
      expect(found).not.toContain('TEMP B-TREE')
      expect(found).not.toMatch(/SCAN (newer|later|m2|i2)/)
      expect(found).toContain('message_rows_supersedes'.replace('message', tableOf(sql)))
    })
  }

  function tableOf(sql: string): string {
    if (/FROM (messages|message_edits|reactions)/.test(sql)) return 'message'
    if (/FROM chat/.test(sql)) return 'chat'
    if (/FROM call/.test(sql)) return 'call'
    if (/FROM voicemails/.test(sql)) return 'voicemail'
    return /FROM attachments/.test(sql) ? 'attachment' : 'contact'
  }
})
