import assert from 'node:assert/strict'
import { receiptFor } from '../receipt-for.js'
import { sampleAttachment, sampleMessage } from '../sample-records.js'
import { contentOf, importAll, importRef, inBatches, itemsOf, rejectsWith, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

const signal = new AbortController().signal

/** What going on after an interruption has to keep, whatever the process was doing. */
export const resumingClaims: readonly StorageClaim[] = [
  {
    name: 'a cursor comes back exactly as it was given, whatever JSON it is',
    async test({ storage, reopen }) {
      const ref = importRef('i')
      await storage.begin(ref)
      const cursors = [
        0,
        '',
        false,
        'Ü \u0000',
        [1, [null]],
        { part: 'messages', after: { row: 9_007_199_254_740_991 } },
      ]
      for (const [index, cursor] of cursors.entries()) {
        await storage.write(
          ref.id,
          { records: [sampleMessage(`m${index}`)], cursor },
          { content: contentOf(), signal },
        )
        assert.deepEqual((await (await reopen()).begin(ref)).cursor, cursor)
      }
    },
  },
  {
    name: 'a batch without records moves the cursor and nothing else',
    async test({ storage }) {
      const ref = importRef('i')
      await stage(storage, ref, [sampleMessage('m1')])
      await storage.write(ref.id, { records: [], cursor: 'further' }, { content: contentOf(), signal })
      assert.deepEqual(await storage.begin(ref), { cursor: 'further', items: 1, receipt: null })
    },
  },
  {
    name: 'a batch whose commit was not seen can be repeated by another process',
    async test({ storage, reopen, dump }) {
      const ref = importRef('i')
      const [batch] = inBatches(everything, 100)
      assert.ok(batch)
      await stage(storage, ref, [batch])
      const before = await dump()
      const again = await reopen()
      await again.write(ref.id, batch, { content: contentOf(), signal })
      assert.equal((await itemsOf(again, ref.id)).length, everything.length)
      assert.deepEqual(await dump(), before)
    },
  },
  {
    name: 'an import that failed at every batch, and was opened anew each time, ends as one that never failed',
    async test(under, another) {
      const ref = importRef('i')
      const records = [...everything, sampleAttachment('a3', 'm3'), sampleMessage('last')]
      const failure = new Error('The cable was pulled.')
      for (let opened = 0; ; opened++) {
        assert.ok(opened <= records.length, 'the import never gets to its end')
        const storage = await under.reopen()
        const { cursor } = await storage.begin(ref)
        const rest = inBatches(records, 2).slice(cursor === null ? 0 : doneBefore(cursor, 2))
        const [next, further] = rest
        if (next === undefined) break
        await storage.write(ref.id, next, { content: contentOf(), signal })
        if (further === undefined || !further.records.some(({ type }) => type === 'attachment')) continue
        const broken = storage.write(ref.id, further, {
          content: async function* () {
            yield new Uint8Array([1])
            throw failure
          },
          signal,
        })
        if (further.records.some((record) => record.type === 'attachment' && record.unavailable === null)) {
          await assert.rejects(broken, (thrown) => thrown === failure)
        } else await broken
      }
      await under.storage.publish(ref.id, await receiptFor(ref))
      const undisturbed = await another()
      await importAll(undisturbed.storage, ref, records)
      assert.deepEqual(await under.dump(), await undisturbed.dump())
      assert.deepEqual(await itemsOf(under.storage, 'i'), await itemsOf(undisturbed.storage, 'i'))
    },
  },
  {
    name: 'what was staged for another owner or phone is dropped',
    async test({ storage }) {
      const start = { cursor: null, items: 0, receipt: null }
      await stage(storage, importRef('i'), everything)
      assert.deepEqual(await storage.begin(importRef('i', { owner: 'ann' })), start)
      await stage(storage, importRef('i', { owner: 'ann' }), everything)
      assert.deepEqual(await storage.begin(importRef('i', { owner: 'ann', udid: 'other phone' })), start)
    },
  },
  {
    name: 'nothing is written into an import that was not begun, or is published',
    async test({ storage, dump }) {
      const batch = { records: [sampleMessage('m1')], cursor: 1 }
      await rejectsWith('IMPORT_UNKNOWN', storage.write('never', batch, { content: contentOf(), signal }))
      await importAll(storage, importRef('i'), everything)
      const before = await dump()
      await rejectsWith('STORE_FAILED', storage.write('i', batch, { content: contentOf(), signal }))
      assert.deepEqual(await dump(), before)
    },
  },
]

/** How many batches of `size` are behind a cursor of {@link inBatches}. */
function doneBefore(cursor: unknown, size: number): number {
  assert.ok(typeof cursor === 'object' && cursor !== null && 'after' in cursor)
  return Math.ceil(Number(cursor.after) / size)
}
