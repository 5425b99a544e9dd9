import assert from 'node:assert/strict'
import { sampleAttachment } from '../sample-records.js'
import { importAll, importRef, itemsOf, rejectsWith, stage } from './staging.js'
import { everything } from './staging-claims.js'
import type { StorageClaim } from './storage-under-test.js'

const known = sampleAttachment('a1', 'm1')
const unknown = sampleAttachment('new', 'm1')

/** What telling of room has to keep. */
export const spaceClaims: readonly StorageClaim[] = [
  {
    name: 'names the volumes that rows and contents go to, and changes nothing',
    needs: 'space',
    async test({ storage, dump }) {
      assert.ok(storage.space)
      await stage(storage, importRef('i'), everything)
      const before = await dump()
      const rooms = await storage.space.rooms({ backupPath: '/backup', backup: 'stays' })
      assert.deepEqual(new Set(rooms.flatMap(({ holds }) => holds)), new Set(['rows', 'content']))
      for (const { path, bytesFree } of rooms) {
        assert.ok(path.length > 0)
        assert.ok(
          bytesFree === null || (Number.isSafeInteger(bytesFree) && bytesFree >= 0),
          String(bytesFree),
        )
      }
      assert.deepEqual(await dump(), before)
    },
  },
  {
    name: 'tells content that the library holds from content that has to be written, and changes nothing',
    needs: 'space',
    async test({ storage, tamper, dump }) {
      assert.ok(storage.space)
      await importAll(storage, importRef('one'), everything)
      await storage.begin(importRef('two'))
      const before = await dump()
      assert.deepEqual(await storage.space.held('two', [unknown, known, unknown]), [false, true, false])
      assert.deepEqual(await storage.space.held('two', []), [])
      assert.deepEqual(await dump(), before)
      const stored = (await itemsOf(storage, 'one')).find(({ key }) => key === known.key)
      await tamper.removeFile(stored?.content?.sha256 ?? '')
      assert.deepEqual(await storage.space.held('two', [known]), [false])
    },
  },
  {
    name: 'is not asked about content for an import that never was',
    needs: 'space',
    async test({ storage }) {
      assert.ok(storage.space)
      await rejectsWith('IMPORT_UNKNOWN', storage.space.held('never', [known]))
    },
  },
]
