import assert from 'node:assert/strict'
import type { ImportRecord } from '../../import/records.js'
import {
  sampleAttachment,
  sampleCall,
  sampleChat,
  sampleContact,
  sampleMessage,
  samplePoint,
  sampleVoicemail,
} from '../sample-records.js'
import { contentDigest, importAll, importRef, itemsOf, rejectsWith, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

/** Records with a value in every field, and values that are easily lost on the way. */
const awkward: readonly ImportRecord[] = [
  sampleMessage('full', {
    otherChatGuids: ['chat-b', 'chat-c'],
    sender: '',
    isFromMe: true,
    sentAt: 0,
    readAt: 1_600_000_000_001,
    deliveredAt: -1,
    editedAt: 9_007_199_254_740_991,
    kind: 'system',
    service: 'SMS',
    subject: '',
    text: 'Ü 👩‍👩‍👧 \u0000 \uFEFF "\' \\ud83d \n\r\t',
    textState: 'decoded',
    replyToGuid: 'm1',
    effect: 'com.apple.MobileSMS.expressivesend.loud',
    balloon: 'com.apple.messages.URLBalloonProvider',
    groupTitle: 'New name',
    isDeleted: true,
    edits: [
      { part: 0, version: 0, editedAt: null, text: null },
      { part: 0, version: 1, editedAt: 1_600_000_000_002, text: '' },
    ],
    reaction: { targetGuid: 'm1', targetPart: null, kind: 'emoji', emoji: '🫡', removed: true },
    replyToPart: 0,
    target: { guid: 'm1', part: null },
    unsentParts: [0, 2],
    deletedAt: 1_600_000_000_003,
    deletedParts: [
      { part: 1, deletedAt: null, text: null },
      { part: 3, deletedAt: 1_600_000_000_004, text: '' },
    ],
    event: { kind: 'participant-added', handle: null },
    linkPreview: { url: 'https://example.org/', title: '', summary: null, siteName: 'Ü' },
    app: { name: null, text: '', caption: null, subcaption: 'sub', url: null },
    audio: 'expired',
    mentions: [{ handle: '', start: 0, length: 0 }],
    isScheduled: true,
  }),
  sampleMessage('empty', {
    chatGuid: null,
    sender: null,
    sentAt: null,
    service: null,
    text: null,
    textState: 'none',
  }),
  // Half a surrogate pair, which UTF-8 cannot write.
  sampleMessage('half', { text: 'a\ud83d', subject: '\udc4d', groupTitle: '\ud83d\ud83d' }),
  sampleMessage('long', { text: 'x'.repeat(300_000) }),
  sampleChat('', { identifier: null, displayName: null, isGroup: false, service: null, members: [] }),
  sampleChat('any;+;chat', { members: ['a', 'b', 'a'] }),
  sampleContact('bare', {
    displayName: '',
    firstName: null,
    lastName: null,
    birthday: null,
    createdAt: null,
    points: [],
  }),
  sampleContact('rich', {
    middleName: 'M',
    organization: 'O',
    note: 'N',
    modifiedAt: 5,
    points: [
      samplePoint('email', 'a@b'),
      samplePoint('phone', '', { label: '', handle: '' }),
      samplePoint('email', 'a@b'),
      samplePoint('im', 'ann', { service: 'Jabber' }),
      samplePoint('address', '1 Quay\nB, Cork', {
        address: {
          street: '1 Quay\nB',
          city: 'Cork',
          state: null,
          postalCode: null,
          country: null,
          countryCode: 'ie',
        },
      }),
    ],
    prefix: 'Dr.',
    suffix: 'Jr.',
    nickname: 'A',
    phoneticFirstName: 'an',
    phoneticMiddleName: 'em',
    phoneticLastName: 'lee',
    department: 'D',
    jobTitle: 'J',
  }),
  sampleCall('call', { handles: [], service: null, startedAt: null, durationMs: null }),
  sampleCall('conference', {
    direction: 'outgoing',
    isAnswered: false,
    medium: 'facetime-audio',
    handles: ['+1', 'a@b'],
  }),
  sampleVoicemail('7', { sender: null, callbackNumber: null, trashedAt: 5, isRead: null }),
  sampleAttachment('image', null, {
    key: 'image@rich',
    parent: { type: 'contact', key: 'rich' },
    unavailable: 'no-path',
  }),
  sampleAttachment('recording', null, {
    key: 'recording@7',
    parent: { type: 'voicemail', key: '7' },
    unavailable: 'blob-missing',
  }),
  sampleAttachment('alone', null, {
    name: null,
    mimeType: null,
    uti: null,
    isSticker: true,
    createdAt: null,
    claimedBytes: null,
  }),
  sampleAttachment('twice', 'm1', { name: '../../etc/passwd' }),
  sampleAttachment('twice', 'm2', { name: '../../etc/passwd' }),
]

/** What reading an import back has to keep. */
export const readBackClaims: readonly StorageClaim[] = [
  {
    name: 'records are read back exactly as they were written, staged and published',
    async test(under) {
      const records = [...everything, ...awkward]
      await stage(under.storage, importRef('i'), records)
      const staged = await itemsOf(under.storage, 'i')
      assert.deepEqual(
        staged.map((item) => item.record),
        records,
      )
      assert.ok(staged.every((item) => item.difference === null))
      const again = await under.reopen()
      await importAll(again, importRef('i'), [])
      assert.deepEqual(await itemsOf(again, 'i'), staged)
    },
  },
  {
    name: 'content is hashed as it is on disk, and items without content have none',
    async test({ storage }) {
      await stage(storage, importRef('i'), everything)
      for (const item of await itemsOf(storage, 'i')) {
        assert.deepEqual(item.content, item.key === 'a1@m1' ? contentDigest('Content of a1') : null, item.key)
      }
    },
  },
  {
    name: 'items that were present are read back in full',
    async test({ storage }) {
      await importAll(storage, importRef('one'), [...everything, ...awkward])
      await stage(storage, importRef('two'), [...everything, ...awkward])
      const withoutOutcome = (items: Awaited<ReturnType<typeof itemsOf>>) =>
        items.map(({ record, content, difference }) => ({ record, content, difference }))
      assert.deepEqual(
        withoutOutcome(await itemsOf(storage, 'two')),
        withoutOutcome(await itemsOf(storage, 'one')),
      )
    },
  },
  {
    name: 'an import that a later one superseded is still read back as it was',
    async test({ storage }) {
      await importAll(storage, importRef('one'), everything)
      const before = await itemsOf(storage, 'one')
      await importAll(storage, importRef('two'), [
        sampleMessage('m1', { text: 'Edited' }),
        sampleAttachment('a1', 'm1', { unavailable: 'offloaded' }),
      ])
      assert.deepEqual(await itemsOf(storage, 'one'), before)
    },
  },
  {
    name: 'reading back an import that never was is refused',
    async test({ storage }) {
      await rejectsWith('IMPORT_UNKNOWN', itemsOf(storage, 'never'))
    },
  },
  {
    name: 'reading back stops when it is aborted',
    async test({ storage }) {
      await stage(storage, importRef('i'), everything)
      const reason = new Error('Enough.')
      const items = storage.readBack('i', { signal: AbortSignal.abort(reason) })
      await assert.rejects(
        async () => {
          for await (const _ of items);
        },
        (thrown) => thrown === reason,
      )
    },
  },
  {
    name: 'a file that is gone, or has another byte, is found and written again by the next import',
    async test({ storage, dump, tamper }) {
      await importAll(storage, importRef('one'), everything)
      const whole = await dump()
      const { sha256 } = contentDigest('Content of a1')
      for (const [round, [damage, difference]] of (
        [
          [tamper.removeFile, 'file-missing'],
          [tamper.changeFile, 'file-changed'],
        ] as const
      ).entries()) {
        await damage(sha256)
        assert.deepEqual(await differencesOf(storage, 'one'), [['a1@m1', difference]])
        await importAll(storage, importRef(`again ${round}`), everything)
        assert.deepEqual(await differencesOf(storage, 'one'), [])
        assert.deepEqual(await dump(), whole)
      }
    },
  },
  {
    name: 'a file that is gone is written again although nothing was read back in between',
    async test({ storage, dump, tamper }) {
      await importAll(storage, importRef('one'), everything)
      const whole = await dump()
      await tamper.removeFile(contentDigest('Content of a1').sha256)
      await importAll(storage, importRef('two'), everything)
      const attachment = (await itemsOf(storage, 'two')).find((item) => item.key === 'a1@m1')
      assert.equal(attachment?.outcome, 'present')
      assert.deepEqual(await dump(), whole)
    },
  },
  {
    name: 'a row that was changed or removed is found, and written again by the next import',
    async test({ storage, dump, tamper }) {
      await importAll(storage, importRef('one'), everything)
      const whole = await dump()
      await tamper.changeMessage('m1')
      await tamper.removeMessage('m3')
      assert.deepEqual(await differencesOf(storage, 'one'), [
        ['m1', 'row-changed'],
        ['m3', 'row-missing'],
      ])
      await importAll(storage, importRef('two'), everything)
      assert.deepEqual(await differencesOf(storage, 'two'), [])
      assert.deepEqual(await dump(), whole)
    },
  },
]

async function differencesOf(
  storage: Parameters<typeof itemsOf>[0],
  id: string,
): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = []
  for (const item of await itemsOf(storage, id)) {
    if (item.difference !== null) found.push([item.key, item.difference])
  }
  return found
}
