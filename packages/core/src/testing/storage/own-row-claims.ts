import assert from 'node:assert/strict'
import { sampleMessage } from '../sample-records.js'
import { importAll, importRef, itemsOf, outcomesOf, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

/**
 * What a library that shares its tables with a host has to keep: rows that were there before any import are the host's, and come back
 * as they were.
 */
export const ownRowClaims: readonly StorageClaim[] = [
  {
    name: 'a row of the host that an import changes is seen unchanged until it is published, and is as it was when it is discarded',
    needs: 'own-rows',
    async test({ storage, dump, addOwnMessage, reopen }) {
      assert.ok(addOwnMessage)
      await addOwnMessage('m1', 'What the host wrote')
      await addOwnMessage('other', 'Of no import')
      const before = await dump()
      await stage(storage, importRef('i'), everything)
      assert.deepEqual((await dump()).records, before.records)
      await importAll(storage, importRef('i'), [])
      assert.notDeepEqual((await dump()).records, before.records)
      assert.ok((await itemsOf(storage, 'i')).every(({ difference }) => difference === null))
      await (await reopen()).discard('i')
      assert.deepEqual(await dump(), before)
    },
  },
  {
    name: 'a row of the host that several imports change is as it was when they are discarded, in any order',
    needs: 'own-rows',
    async test({ storage, dump, addOwnMessage }) {
      assert.ok(addOwnMessage)
      await addOwnMessage('m1', 'What the host wrote')
      const before = await dump()
      for (const order of [
        ['three', 'two', 'one'],
        ['one', 'two', 'three'],
        ['two', 'three', 'one'],
      ]) {
        await importAll(storage, importRef('one'), everything)
        await importAll(storage, importRef('two'), [sampleMessage('m1', { text: 'Edited' })])
        await importAll(storage, importRef('three'), [sampleMessage('m1', { text: 'Edited again' })])
        for (const id of order) await storage.discard(id)
        assert.deepEqual(await dump(), before, order.join(', '))
      }
    },
  },
  {
    name: 'an import beside rows of the host stores what it brings, and finds it present the next time',
    needs: 'own-rows',
    async test({ storage, addOwnMessage }) {
      assert.ok(addOwnMessage)
      await addOwnMessage('m1', 'What the host wrote')
      await importAll(storage, importRef('one'), [sampleMessage('m1'), sampleMessage('m2')])
      assert.deepEqual(await outcomesOf(storage, 'one'), ['stored', 'stored'])
      await importAll(storage, importRef('two'), [sampleMessage('m1'), sampleMessage('m2')])
      assert.deepEqual(await outcomesOf(storage, 'two'), ['present', 'present'])
    },
  },
]
