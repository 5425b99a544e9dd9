import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LibraryProblem } from '../../import/library-problems.js'
import type { Storage } from '../../import/storage.js'
import { sampleChat, sampleMessage } from '../sample-records.js'
import { importAll, importRef, rejectsWith, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

/** What auditing has to keep: it finds what reading back cannot, and nothing else. */
export const auditingClaims: readonly StorageClaim[] = [
  {
    name: 'an audit finds nothing wrong with a library that nobody disturbed, whatever was done with it',
    async test({ storage, reopen }) {
      const none = async (at: string, audited: Storage = storage): Promise<void> => {
        assert.deepEqual(await problemsOf(audited), [], at)
        for (const { id } of await audited.imports()) assert.deepEqual(await problemsOf(audited, id), [], at)
      }
      await none('new')
      await stage(storage, importRef('one'), everything)
      assert.deepEqual(await problemsOf(storage, 'one'), [])
      await none('staged')
      await importAll(storage, importRef('one'), [])
      await none('published')
      await importAll(storage, importRef('two'), [
        sampleChat('chat-a', { members: [] }),
        ...everything.filter(({ type }) => type !== 'chat'),
        sampleMessage('new'),
      ])
      await none('published twice')
      await stage(storage, importRef('three'), [sampleMessage('m1', { text: 'Edited' })])
      await none('staged upon it', await reopen())
      await storage.discard('three')
      await none('staging discarded')
      await storage.discard('one')
      await none('the first discarded')
      await storage.discard('two')
      await none('empty again')
    },
  },
  {
    name: 'a row that no import brought is found, staged and published',
    needs: 'origin',
    async test({ storage, tamper }) {
      assert.ok(tamper.addMessage)
      await stage(storage, importRef('i'), everything)
      await tamper.addMessage('planted', 'm1', 'i')
      assert.deepEqual(await briefly(storage, 'i'), [['row-unlisted', 'i', 'message', 'planted']])
      await importAll(storage, importRef('i'), [])
      assert.deepEqual(await briefly(storage, 'i'), [['row-unlisted', 'i', 'message', 'planted']])
      assert.deepEqual(await briefly(storage), [['row-unlisted', 'i', 'message', 'planted']])
    },
  },
  {
    name: 'a row that no import brought goes when the import is discarded that it pretends to be of',
    needs: 'origin',
    async test({ storage, tamper, dump }) {
      assert.ok(tamper.addMessage)
      const empty = await dump()
      await stage(storage, importRef('i'), everything)
      await tamper.addMessage('planted', 'm1', 'i')
      await storage.discard('i')
      await importAll(storage, importRef('i'), [])
      assert.deepEqual(await dump(), empty)
      assert.deepEqual(await briefly(storage), [])
    },
  },
  {
    name: 'a row that was moved to another import is found',
    needs: 'origin',
    async test({ storage, tamper }) {
      assert.ok(tamper.moveMessage)
      await importAll(storage, importRef('one'), everything)
      await importAll(storage, importRef('two'), [sampleMessage('n1')])
      await tamper.moveMessage('m1', 'two')
      const found = await problemsOf(storage)
      assert.ok(
        found.some(
          ({ problem, type, key }) => problem === 'row-astray' && type === 'message' && key === 'm1',
        ),
        JSON.stringify(found),
      )
    },
  },
  {
    name: 'audits that are under way at the same time each find what one alone finds',
    needs: 'origin',
    async test({ storage, tamper }) {
      assert.ok(tamper.addMessage)
      for (const id of ['one', 'two']) {
        await importAll(
          storage,
          importRef(id),
          Array.from({ length: 20 }, (_, index) => sampleMessage(`${id} ${index}`)),
        )
      }
      await tamper.addMessage('planted', 'one 1', 'one')
      const alone = {
        one: await briefly(storage, 'one'),
        two: await briefly(storage, 'two'),
        all: await briefly(storage),
      }
      assert.equal(alone.one.length, 1)
      // The second one begins that many turns of the event loop after the first.
      for (let later = 0; later < 30; later++) {
        for (const id of ['two', undefined]) {
          const first = briefly(storage, 'one')
          for (let turn = 0; turn < later; turn++) await nextTurn()
          const second = await briefly(storage, id)
          assert.deepEqual(await first, alone.one, `${later} turns before another audit`)
          assert.deepEqual(
            second,
            id === undefined ? alone.all : alone.two,
            `${later} turns behind another audit`,
          )
        }
      }
    },
  },
  {
    name: 'a file that belongs to nothing is found',
    async test({ storage, tamper }) {
      await importAll(storage, importRef('i'), everything)
      await tamper.addFile()
      const found = await problemsOf(storage)
      assert.deepEqual(
        found.map(({ problem, type }) => [problem, type]),
        [['file-unlisted', 'file']],
      )
    },
  },
  {
    name: 'auditing an import that never was is refused',
    async test({ storage }) {
      await rejectsWith('IMPORT_UNKNOWN', problemsOf(storage, 'never'))
    },
  },
  {
    name: 'an audit changes nothing',
    async test({ storage, dump, tamper }) {
      await importAll(storage, importRef('i'), everything)
      await tamper.addFile()
      const before = await dump()
      await problemsOf(storage)
      assert.deepEqual(await dump(), before)
    },
  },
]

async function problemsOf(storage: Storage, id?: string): Promise<readonly LibraryProblem[]> {
  const { signal } = new AbortController()
  const found: LibraryProblem[] = []
  for await (const each of storage.audit(id === undefined ? { signal } : { import: id, signal }))
    found.push(each)
  return found
}

async function briefly(storage: Storage, id?: string): Promise<readonly (readonly (string | null)[])[]> {
  const found = await problemsOf(storage, id)
  return found.map((each) => [each.problem, each.import, each.type, each.key])
}
