import assert from 'node:assert/strict'
import type { ImportRef, Storage } from '../../import/storage.js'
import { receiptFor } from '../receipt-for.js'
import { sampleMessage } from '../sample-records.js'
import { importAll, importRef, itemsOf, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

const { signal } = new AbortController()

/** What finding an unchanged source has to keep: it is believed, and the backup is not read. */
export const unchangedClaims: readonly StorageClaim[] = [
  {
    name: 'an unchanged source is found with the receipt of the import that holds it, and nothing is changed',
    needs: 'unchanged',
    async test({ storage, dump }) {
      const first = importRef('one', { fingerprint: 'f', stamp: 's' })
      await importAll(storage, first, everything)
      const before = await dump()
      assert.deepEqual(await found(storage, { ...first, id: 'two' }), await receiptFor(first))
      assert.deepEqual(await dump(), before)
      assert.equal((await storage.imports()).length, 1)
    },
  },
  {
    name: 'a source is not found unchanged by another stamp, without one, or for another owner',
    needs: 'unchanged',
    async test({ storage }) {
      const first = importRef('one', { fingerprint: 'f', stamp: 's' })
      await importAll(storage, first, everything)
      const { stamp: _, ...unstamped } = first
      assert.equal(await found(storage, { ...first, id: 'two', stamp: 'other' }), null)
      assert.equal(await found(storage, { ...unstamped, id: 'two' }), null)
      assert.equal(await found(storage, { ...first, id: 'two', owner: 'ann' }), null)
    },
  },
  {
    name: 'a staged import is no proof that its source is held, nor is one that was discarded',
    needs: 'unchanged',
    async test({ storage }) {
      const ref = importRef('one', { fingerprint: 'f', stamp: 's' })
      await stage(storage, ref, everything)
      assert.equal(await found(storage, { ...ref, id: 'two' }), null)
      await storage.publish(ref.id, await receiptFor(ref))
      await storage.discard(ref.id)
      assert.equal(await found(storage, { ...ref, id: 'two' }), null)
    },
  },
  {
    name: 'a source that changed while it was staged is not found by either stamp',
    needs: 'unchanged',
    async test({ storage }) {
      const ref = importRef('one', { fingerprint: 'f', stamp: 'before' })
      await stage(storage, ref, everything)
      await importAll(storage, { ...ref, stamp: 'after' }, [sampleMessage('later')])
      for (const stamp of ['before', 'after']) {
        assert.equal(await found(storage, { ...ref, id: 'two', stamp }), null, stamp)
      }
    },
  },
  {
    name: 'a source is not found unchanged where a row or a file of it is gone, damaged or replaced',
    needs: 'unchanged',
    async test(_, another) {
      const ref = importRef('one', { fingerprint: 'f', stamp: 's' })
      const contents = async (storage: Storage): Promise<string> => {
        const items = await itemsOf(storage, ref.id)
        return items.find(({ content }) => content !== null)?.content?.sha256 ?? ''
      }
      const { storage: one, tamper: inOne } = await another()
      await importAll(one, ref, everything)
      await inOne.removeMessage('m3')
      assert.equal(await found(one, { ...ref, id: 'two' }), null, 'a row is gone')

      const { storage: two, tamper: inTwo } = await another()
      await importAll(two, ref, everything)
      await inTwo.removeFile(await contents(two))
      assert.equal(await found(two, { ...ref, id: 'two' }), null, 'a file is gone')

      const { storage: three, tamper: inThree } = await another()
      await importAll(three, ref, everything)
      await inThree.changeFile(await contents(three))
      // Reading back is what makes the damage known.
      await itemsOf(three, ref.id)
      assert.equal(await found(three, { ...ref, id: 'two' }), null, 'a file was changed')

      const { storage: four } = await another()
      await importAll(four, ref, everything)
      await importAll(four, importRef('newer'), [sampleMessage('m1', { text: 'Edited' })])
      assert.equal(await found(four, { ...ref, id: 'two' }), null, 'a row was replaced')
      await four.discard('newer')
      assert.deepEqual(await found(four, { ...ref, id: 'two' }), await receiptFor(ref), 'it is back')
    },
  },
]

async function found(storage: Storage, ref: ImportRef) {
  assert.ok(storage.findUnchanged)
  return storage.findUnchanged(ref, { signal })
}
