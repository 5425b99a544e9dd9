import assert from 'node:assert/strict'
import { receiptFor } from '../receipt-for.js'
import { sampleMessage } from '../sample-records.js'
import { importAll, importRef, itemsOf, outcomesOf, rejectsWith, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

const changed = everything.map((record) =>
  record.type === 'message' && record.guid === 'm1' ? { ...record, text: 'Edited on the phone' } : record,
)

/** What publishing has to keep. */
export const publishingClaims: readonly StorageClaim[] = [
  {
    name: 'publishing shows all of an import and its receipt, durably',
    async test(under) {
      const ref = importRef('i')
      const before = await under.dump()
      await stage(under.storage, ref, everything)
      const receipt = await receiptFor(ref)
      await under.storage.publish(ref.id, receipt)

      const again = await under.reopen()
      const [published, ...others] = await again.imports()
      assert.ok(published)
      assert.deepEqual(others, [])
      assert.deepEqual([published.id, published.owner, published.receipt], ['i', 'o', receipt])
      assert.ok(Number.isSafeInteger(published.publishedAt))
      assert.deepEqual((await again.begin(ref)).receipt, receipt)
      assert.notDeepEqual((await under.dump()).records, before.records)
    },
  },
  {
    name: 'an import whose receipt was damaged is listed without it, and hides no other',
    async test({ storage, tamper }) {
      await importAll(storage, importRef('one'), everything)
      await importAll(storage, importRef('two'), [])
      await tamper.changeReceipt('one')
      const listed = await storage.imports()
      assert.deepEqual(
        listed.map(({ id, receipt }) => [id, receipt === null]),
        [
          ['one', true],
          ['two', false],
        ],
      )
    },
  },
  {
    name: 'publishing twice with one receipt is publishing once; with another receipt it is refused',
    async test({ storage }) {
      const ref = importRef('i')
      await importAll(storage, ref, everything)
      await storage.publish(ref.id, await receiptFor(ref))
      assert.equal((await storage.imports()).length, 1)
      const other = await receiptFor(ref, { digest: '1'.repeat(64) })
      await rejectsWith('RECEIPT_INVALID', storage.publish(ref.id, other))
    },
  },
  {
    name: 'nothing is published without a whole receipt of its own',
    async test({ storage, dump }) {
      const ref = importRef('i')
      const before = await dump()
      await stage(storage, ref, everything)
      const others = await receiptFor(importRef('other'))
      await rejectsWith('RECEIPT_INVALID', storage.publish(ref.id, others))
      const damaged = { ...(await receiptFor(ref)), digest: '1'.repeat(64) }
      await rejectsWith('RECEIPT_INVALID', storage.publish(ref.id, damaged))
      await rejectsWith('IMPORT_UNKNOWN', storage.publish('other', others))
      assert.deepEqual((await dump()).records, before.records)
      assert.deepEqual(await storage.imports(), [])
    },
  },
  {
    name: 'a changed record takes the place of the one before when it is published, not earlier',
    async test({ storage, dump }) {
      await importAll(storage, importRef('one'), everything)
      const before = await dump()
      const ref = importRef('two')
      await stage(storage, ref, changed)
      assert.deepEqual((await dump()).records, before.records)
      assert.deepEqual(
        (await itemsOf(storage, 'two')).filter((item) => item.outcome === 'stored').map((item) => item.key),
        ['m1'],
      )
      await storage.publish(ref.id, await receiptFor(ref))
      assert.notDeepEqual((await dump()).records, before.records)
      await importAll(storage, importRef('three'), changed)
      assert.ok(!(await outcomesOf(storage, 'three')).includes('stored'))
    },
  },
  {
    name: 'an import is refused when another was published since it was staged, and then begins afresh',
    async test(under, another) {
      const { storage } = under
      const slow = importRef('slow')
      await stage(storage, slow, changed)
      await importAll(storage, importRef('quick'), everything)
      await rejectsWith('LIBRARY_CHANGED', storage.publish(slow.id, await receiptFor(slow)))
      assert.deepEqual(await storage.begin(slow), { cursor: null, items: 0, receipt: null })
      await importAll(storage, slow, changed)

      const undisturbed = await another()
      await importAll(undisturbed.storage, importRef('quick'), everything)
      await importAll(undisturbed.storage, slow, changed)
      assert.deepEqual(await under.dump(), await undisturbed.dump())
    },
  },
  {
    name: 'two imports that were staged side by side never show one record twice',
    async test(under, another) {
      const { storage } = under
      await importAll(storage, importRef('first'), [sampleMessage('m1')])
      const one = importRef('one')
      const two = importRef('two')
      await stage(storage, one, [sampleMessage('m1', { text: 'One' })])
      await stage(storage, two, [sampleMessage('m1', { text: 'Two' })])
      await storage.publish(one.id, await receiptFor(one))
      await rejectsWith('LIBRARY_CHANGED', storage.publish(two.id, await receiptFor(two)))
      await storage.discard(two.id)

      const undisturbed = await another()
      await importAll(undisturbed.storage, importRef('first'), [sampleMessage('m1')])
      await importAll(undisturbed.storage, one, [sampleMessage('m1', { text: 'One' })])
      assert.deepEqual(await under.dump(), await undisturbed.dump())
    },
  },
]
