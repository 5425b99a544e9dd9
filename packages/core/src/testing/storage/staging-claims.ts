import assert from 'node:assert/strict'
import type { AttachmentRecord, ImportRecord } from '../../import/records.js'
import type { ContentSource, StoredItem } from '../../import/storage.js'
import { receiptFor } from '../receipt-for.js'
import {
  sampleAttachment,
  sampleChat,
  sampleContact,
  sampleMessage,
  sampleUnreadable,
} from '../sample-records.js'
import {
  contentDigest,
  contentOf,
  importAll,
  importRef,
  inBatches,
  itemsOf,
  outcomesOf,
  stage,
} from './staging.js'
import type { StorageClaim } from './storage-under-test.js'

const signal = new AbortController().signal

/** A little of everything. */
export const everything: readonly ImportRecord[] = [
  sampleContact('1'),
  sampleChat('chat-a'),
  sampleMessage('m1'),
  sampleMessage('m2', { kind: 'tapback', reaction: loveOf('m1') }),
  sampleAttachment('a1', 'm1'),
  sampleAttachment('a2', 'm1', { unavailable: 'not-in-backup' }),
  sampleUnreadable('9'),
  sampleMessage('m3'),
]

function loveOf(targetGuid: string) {
  return { targetGuid, targetPart: 0, kind: 'love', emoji: null, removed: false } as const
}

/** What staging has to keep. */
export const stagingClaims: readonly StorageClaim[] = [
  {
    name: 'names what a run must have for itself',
    async test({ storage }) {
      assert.ok(storage.resources.length > 0)
      assert.ok(storage.resources.every((name) => name.length > 0))
    },
  },
  {
    name: 'a new import begins at the start, however often it is begun',
    async test({ storage }) {
      const start = { cursor: null, items: 0, receipt: null }
      assert.deepEqual(await storage.begin(importRef('i')), start)
      assert.deepEqual(await storage.begin(importRef('i')), start)
    },
  },
  {
    name: 'readers see nothing of what is staged',
    async test({ storage, dump }) {
      const before = await dump()
      await stage(storage, importRef('i'), everything)
      assert.deepEqual((await dump()).records, before.records)
      assert.deepEqual(await storage.imports(), [])
    },
  },
  {
    name: 'every item ends as stored, skipped or failed, in the order in which it was written',
    async test({ storage }) {
      await stage(storage, importRef('i'), inBatches(everything, 3))
      const items = await itemsOf(storage, 'i')
      assert.deepEqual(
        items.map((item) => [item.type, item.key, item.outcome, item.reason]),
        [
          ['contact', '1', 'stored', null],
          ['chat', 'chat-a', 'stored', null],
          ['message', 'm1', 'stored', null],
          ['message', 'm2', 'stored', null],
          ['attachment', 'a1@m1', 'stored', null],
          ['attachment', 'a2@m1', 'skipped', 'not-in-backup'],
          ['unreadable', 'message:message:9', 'failed', null],
          ['message', 'm3', 'stored', null],
        ],
      )
    },
  },
  {
    name: 'an import goes on after its last batch when it was interrupted, and ends as one that was not',
    async test(under, another) {
      const ref = importRef('i')
      const [first, second, third] = inBatches(everything, 3)
      assert.ok(first && second && third)
      await stage(under.storage, ref, [first, second])

      const again = await under.reopen()
      assert.deepEqual(await again.begin(ref), { cursor: second.cursor, items: 6, receipt: null })
      await again.write(ref.id, third, { content: contentOf(), signal })
      await again.publish(ref.id, await receiptFor(ref))

      const undisturbed = await another()
      await importAll(undisturbed.storage, ref, everything)
      assert.deepEqual(await under.dump(), await undisturbed.dump())
    },
  },
  {
    name: 'a batch whose commit was not seen can be repeated',
    async test({ storage }) {
      const ref = importRef('i')
      const [batch] = inBatches(everything, 100)
      assert.ok(batch)
      await stage(storage, ref, [batch, batch])
      assert.equal((await storage.begin(ref)).items, everything.length)
      assert.equal((await itemsOf(storage, ref.id)).length, everything.length)
    },
  },
  {
    name: 'what was staged from a source that changed meanwhile is dropped',
    async test({ storage }) {
      await stage(storage, importRef('i', { fingerprint: 'before' }), everything)
      const state = await storage.begin(importRef('i', { fingerprint: 'after' }))
      assert.deepEqual(state, { cursor: null, items: 0, receipt: null })
    },
  },
  {
    name: 'content that fails stages nothing of its batch, and its error passes unchanged',
    async test({ storage, dump }) {
      const ref = importRef('i')
      const [first, second] = inBatches([sampleMessage('m0'), ...everything], 1)
      assert.ok(first && second)
      await stage(storage, ref, [first])
      const before = await dump()
      const failure = new Error('The blob is torn.')
      const batch = { records: everything, cursor: 'end' }
      await assert.rejects(
        storage.write(ref.id, batch, { content: failsAfterFirst(failure), signal }),
        (thrown) => thrown === failure,
      )
      assert.deepEqual(await dump(), before)
      assert.deepEqual(await storage.begin(ref), { cursor: first.cursor, items: 1, receipt: null })
      await storage.write(ref.id, batch, { content: contentOf(), signal })
      assert.equal((await storage.begin(ref)).items, 1 + everything.length)
    },
  },
  {
    name: 'an abort in the middle of content stages nothing, and rejects with its reason',
    async test({ storage, dump }) {
      const ref = importRef('i')
      await storage.begin(ref)
      const before = await dump()
      const stop = new AbortController()
      const reason = new Error('The user quit.')
      const content = async function* () {
        yield new Uint8Array([1])
        stop.abort(reason)
        yield new Uint8Array([2])
      }
      await assert.rejects(
        storage.write(ref.id, { records: everything, cursor: 'end' }, { content, signal: stop.signal }),
        (thrown) => thrown === reason,
      )
      assert.deepEqual(await dump(), before)
      assert.equal((await storage.begin(ref)).items, 0)
    },
  },
  {
    name: 'an unchanged source is present in full, and readers see what they saw',
    async test({ storage, dump }) {
      await importAll(storage, importRef('one'), everything)
      const before = await dump()
      await importAll(storage, importRef('two'), everything)
      const outcomes = await outcomesOf(storage, 'two')
      assert.deepEqual(outcomes, [
        'present',
        'present',
        'present',
        'present',
        'present',
        'skipped',
        'failed',
        'present',
      ])
      assert.deepEqual(await dump(), before)
    },
  },
  {
    name: 'content that is another in the same size, under an equal record, is stored where what is held is not to be trusted',
    async test({ storage, dump }) {
      const ref = importRef('one')
      await importAll(storage, ref, everything)
      const before = await dump()
      const storeAgain = async (id: string, content: ContentSource): Promise<StoredItem | undefined> => {
        await storage.begin(importRef(id))
        await storage.write(id, { records: everything, cursor: 1 }, { content, trustHeld: false, signal })
        return (await itemsOf(storage, id)).find(({ key }) => key === 'a1@m1')
      }
      const same = await storeAgain('two', contentOf())
      assert.equal(same?.outcome, 'present')
      assert.deepEqual(await dump(), before)
      const changed = 'CONTENT OF A1'
      const other = await storeAgain('three', contentOf({ a1: changed }))
      assert.equal(other?.outcome, 'stored')
      assert.deepEqual(other.content, contentDigest(changed))
      await storage.discard('two')
      await storage.discard('three')
      assert.deepEqual(await dump(), before)
    },
  },
  {
    name: 'a key that its source tells twice is present the second time',
    async test({ storage }) {
      await stage(storage, importRef('i'), [sampleMessage('m1'), sampleMessage('m1')])
      assert.deepEqual(await outcomesOf(storage, 'i'), ['stored', 'present'])
    },
  },
  {
    name: 'a key that its source tells twice with different content ends once each way, and nothing fails to be read back',
    async test({ storage }) {
      const twice = [sampleMessage('m1'), sampleMessage('m1', { text: 'Other' })]
      await importAll(storage, importRef('i'), twice)
      const items = await itemsOf(storage, 'i')
      assert.equal(items.length, 2)
      assert.ok(items.every((item) => item.difference === null))
    },
  },
  {
    name: 'two owners hold the same messages beside each other',
    async test({ storage }) {
      await importAll(storage, importRef('one', { owner: 'ann' }), everything)
      await importAll(storage, importRef('two', { owner: 'bob' }), everything)
      await importAll(storage, importRef('three', { owner: 'ann' }), [sampleMessage('m1')])
      assert.equal((await outcomesOf(storage, 'two'))[0], 'stored')
      assert.deepEqual(await outcomesOf(storage, 'three'), ['present'])
    },
  },
  {
    name: 'contacts of two phones do not replace each other, though their ids are the same',
    async test({ storage }) {
      const other = sampleContact('1', { displayName: 'Somebody else' })
      await importAll(storage, importRef('one', { udid: 'old phone' }), [sampleContact('1')])
      await importAll(storage, importRef('two', { udid: 'new phone' }), [other])
      await importAll(storage, importRef('three', { udid: 'old phone' }), [sampleContact('1')])
      assert.deepEqual(await outcomesOf(storage, 'two'), ['stored'])
      assert.deepEqual(await outcomesOf(storage, 'three'), ['present'])
    },
  },
]

function failsAfterFirst(failure: Error) {
  return async function* (_: AttachmentRecord) {
    yield new Uint8Array([1, 2, 3])
    throw failure
  }
}
