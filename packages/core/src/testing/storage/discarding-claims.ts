import assert from 'node:assert/strict'
import { receiptFor } from '../receipt-for.js'
import { sampleAttachment, sampleChat, sampleContact, sampleMessage } from '../sample-records.js'
import { contentOf, importAll, importRef, itemsOf, rejectsWith, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

/** Everything, with a change in each kind of record and something new. */
const changed = [
  sampleContact('1', { displayName: 'Renamed', points: [] }),
  sampleChat('chat-a', { members: ['+15550001'] }),
  sampleMessage('m1', { text: 'Edited' }),
  sampleMessage('m2'),
  sampleAttachment('a1', 'm1', { name: 'renamed.heic', claimedBytes: 99 }),
  sampleAttachment('a2', 'm1'),
  sampleMessage('new'),
  sampleAttachment('new', 'new'),
]

/** What taking an import back has to keep. */
export const discardingClaims: readonly StorageClaim[] = [
  {
    name: 'discarding what is staged leaves the library as it was, files included',
    async test({ storage, dump }) {
      const empty = await dump()
      await stage(storage, importRef('i'), everything)
      await storage.discard('i')
      assert.deepEqual(await dump(), empty)
      await rejectsWith('IMPORT_UNKNOWN', itemsOf(storage, 'i'))
      assert.deepEqual(await storage.begin(importRef('i')), { cursor: null, items: 0, receipt: null })
    },
  },
  {
    name: 'discarding what is published brings back what it had replaced',
    async test({ storage, dump }) {
      await importAll(storage, importRef('one'), everything)
      const before = await dump()
      await importAll(storage, importRef('two'), changed, contentOf({ a1: 'Other content' }))
      assert.notDeepEqual(await dump(), before)
      await storage.discard('two')
      assert.deepEqual(await dump(), before)
      assert.deepEqual(
        (await storage.imports()).map((published) => published.id),
        ['one'],
      )
      assert.ok((await itemsOf(storage, 'one')).every((item) => item.difference === null))
    },
  },
  {
    name: 'discarding is safe to repeat, and nothing to do for an import that never was',
    async test({ storage, dump }) {
      const empty = await dump()
      await storage.discard('never')
      await stage(storage, importRef('i'), everything)
      await storage.discard('i')
      await storage.discard('i')
      assert.deepEqual(await dump(), empty)
    },
  },
  {
    name: 'content that another import shares stays until the last of them is discarded',
    async test({ storage, dump }) {
      const empty = await dump()
      const shared = contentOf({ a1: 'The same', b1: 'The same' })
      await importAll(storage, importRef('one'), [sampleAttachment('a1', 'm1')], shared)
      const before = await dump()
      await stage(storage, importRef('two'), [sampleAttachment('b1', 'm1')], shared)
      await storage.discard('two')
      assert.deepEqual(await dump(), before)
      await storage.discard('one')
      assert.deepEqual(await dump(), empty)
    },
  },
  {
    name: 'what a later import found present stays when the one before is discarded',
    async test(under, another) {
      const { storage } = under
      await importAll(storage, importRef('one'), everything)
      await importAll(storage, importRef('two'), everything)
      await storage.discard('one')
      assert.ok((await itemsOf(storage, 'two')).every((item) => item.difference === null))

      const undisturbed = await another()
      await importAll(undisturbed.storage, importRef('two'), everything)
      assert.deepEqual(await under.dump(), await undisturbed.dump())
    },
  },
  {
    name: 'discarding an import in the middle of three shows each record once, as the last one told it',
    async test(under, another) {
      const { storage } = under
      const first = [sampleMessage('m1')]
      const last = [sampleMessage('m1', { text: 'Last' })]
      await importAll(storage, importRef('one'), first)
      await importAll(storage, importRef('two'), [sampleMessage('m1', { text: 'Between' })])
      await importAll(storage, importRef('three'), last)
      await storage.discard('two')

      const undisturbed = await another()
      await importAll(undisturbed.storage, importRef('one'), first)
      await importAll(undisturbed.storage, importRef('three'), last)
      assert.deepEqual(await under.dump(), await undisturbed.dump())

      await storage.discard('three')
      await undisturbed.storage.discard('three')
      assert.deepEqual(await under.dump(), await undisturbed.dump())
    },
  },
  {
    name: 'what was staged against an import that is discarded meanwhile cannot be published',
    async test({ storage }) {
      await importAll(storage, importRef('one'), everything)
      const ref = importRef('two')
      await stage(storage, ref, everything)
      await storage.discard('one')
      await rejectsWith('LIBRARY_CHANGED', storage.publish(ref.id, await receiptFor(ref)))
      assert.equal((await storage.begin(ref)).cursor, null)
    },
  },
]
