import { describe, expect, it } from 'vitest'
import { createRunner, memoryJournal } from '../index.js'
import { MemoryLibrary } from '../testing/memory-library.js'
import { sampleAttachment, sampleMessage } from '../testing/sample-records.js'
import { ScriptedPhone } from '../testing/scripted-phone.js'
import { backupImport, type RecordBatch, type Storage } from './index.js'

const picture = sampleAttachment('p1', 'm1')
const records = [...Array.from({ length: 12 }, (_, n) => sampleMessage(`m${n}`)), picture]
const content = new Map([[picture.key, new TextEncoder().encode('a picture')]])

const { signal } = new AbortController()
const stampOf = (stamp: string) => async () => ({ fingerprint: 'f1', stamp })

class CountingLibrary extends MemoryLibrary {
  writes = 0
  override async write(id: string, batch: RecordBatch, options: Parameters<Storage['write']>[2]) {
    this.writes += 1
    await super.write(id, batch, options)
  }
}

/** A phone whose backup is adopted and stays, its library, and an app on both. */
function setUp() {
  const phone = new ScriptedPhone({ records, content }, 'adopted')
  phone.stamp = stampOf('as it was')
  const library = new CountingLibrary()
  const saga = backupImport({ device: phone, reader: phone, storage: library, batchSize: 4 })
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
  const importIt = async (input: unknown = {}, owner = 'me') => {
    library.writes = 0
    const run = await runner.start(saga, input, { owner })
    return { run, outcome: await run.outcome(), writes: library.writes }
  }
  return { phone, library, importIt }
}

const imported = async (library: MemoryLibrary) => (await library.imports()).map(({ id }) => id)

describe('a backup that has not changed since it was imported', () => {
  it('is left at that: nothing is written, and the run ends with the receipt of the import that holds it', async () => {
    const { library, importIt } = setUp()
    const first = await importIt()
    expect(first).toMatchObject({ writes: 4, outcome: { status: 'done', outputs: { store: { items: 13 } } } })
    const again = await importIt()
    expect(again.writes).toBe(0)
    expect(again.outcome).toMatchObject({
      status: 'done',
      outputs: {
        store: { items: 0, unchangedSince: first.run.id },
        verify: { import: first.run.id },
        cleanup: { deleted: false },
      },
    })
    expect(await imported(library)).toEqual([first.run.id])
  })

  it('is read in full when that is asked for', async () => {
    const { library, importIt } = setUp()
    const first = await importIt()
    const again = await importIt({ force: true })
    expect(again.writes).toBe(4)
    expect(await imported(library)).toEqual([first.run.id, again.run.id])
  })

  it('is read in full for another owner, who holds none of it', async () => {
    const { importIt } = setUp()
    await importIt()
    expect((await importIt({}, 'somebody else')).writes).toBe(4)
  })

  it('is read in full by a reader that cannot tell, and once its stamp is another', async () => {
    const { phone, importIt } = setUp()
    await importIt()
    delete phone.stamp
    expect((await importIt()).writes).toBe(4)
    phone.stamp = stampOf('changed')
    expect((await importIt()).writes).toBe(4)
  })

  it('is read in full when a file of it is gone from the library, and the file is there again', async () => {
    const { library, importIt } = setUp()
    await importIt()
    const [sha256 = ''] = library.contents().keys()
    library.tamper({ file: sha256 }, 'removed')
    expect((await importIt()).writes).toBe(4)
    expect([...library.contents().keys()]).toEqual([sha256])
  })

  it('is read in full when another import was published that replaced some of it', async () => {
    const { phone, library, importIt } = setUp()
    const first = await importIt()
    const other = new ScriptedPhone(
      { records: [sampleMessage('m3', { text: 'Edited' })], content },
      'adopted',
    )
    other.fingerprint = 'f2'
    const saga = backupImport({ device: other, reader: other, storage: library })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    await (await runner.start(saga, {}, { owner: 'me' })).outcome()
    expect(await phone.stamp?.('', { signal })).toMatchObject({ stamp: 'as it was' })
    const again = await importIt()
    expect(again.writes).toBe(4)
    expect(again.outcome).toMatchObject({ outputs: { verify: { import: again.run.id } } })
    expect(again.run.id).not.toBe(first.run.id)
  })

  it('of which an earlier attempt stored a part and failed is not taken for an imported one (scenario 19)', async () => {
    const { library, importIt } = setUp()
    let failing = true
    const write = library.write.bind(library)
    library.write = async (...call) => {
      if (failing && library.writes === 2) throw new Error('The disk went away')
      await write(...call)
    }
    const { run, outcome } = await importIt()
    expect(outcome).toMatchObject({ status: 'retryable', step: 'store' })
    expect(library.visible()).toEqual([])
    failing = false
    await run.discard()
    const again = await importIt()
    expect(again).toMatchObject({ writes: 4, outcome: { status: 'done' } })
    expect(library.visible()).toHaveLength(records.length)
  })

  it('but changes before it is confirmed parks the run, and the retry reads it in full', async () => {
    const { phone, library, importIt } = setUp()
    await importIt()
    const find = library.findUnchanged.bind(library)
    library.findUnchanged = async (ref) => {
      const found = await find(ref)
      phone.stamp = stampOf('touched in between')
      return found
    }
    const { run, outcome } = await importIt()
    expect(outcome).toMatchObject({ status: 'retryable', step: 'verify', error: { code: 'VERIFY_FAILED' } })
    library.findUnchanged = find
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { verify: { import: run.id } } })
    expect(library.writes).toBe(4)
  })
})

describe('a backup that will be deleted', () => {
  it('is read and proved in full, whatever was imported before', async () => {
    const phone = new ScriptedPhone({ records, content }, 'made')
    phone.stamp = stampOf('as it was')
    const library = new CountingLibrary()
    const saga = backupImport({ device: phone, reader: phone, storage: library, batchSize: 4 })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    for (let round = 1; round <= 2; round++) {
      const run = await runner.start(saga, { cleanup: 'delete' }, { owner: 'me' })
      expect(await run.outcome()).toMatchObject({
        status: 'done',
        outputs: { verify: { import: run.id }, cleanup: { deleted: true } },
      })
      expect(library.writes).toBe(4 * round)
    }
  })
})

describe('a stricter run', () => {
  it('is refused where the import that holds the backup skipped what this one may not', async () => {
    const gone = sampleAttachment('gone', 'm2', { unavailable: 'blob-missing' })
    const phone = new ScriptedPhone({ records: [...records, gone], content }, 'adopted')
    phone.stamp = stampOf('as it was')
    const saga = backupImport({ device: phone, reader: phone, storage: new MemoryLibrary() })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    const start = async (input: unknown) => (await runner.start(saga, input, { owner: 'me' })).outcome()
    expect(await start({})).toMatchObject({ status: 'done' })
    expect(await start({ allowSkips: [] })).toMatchObject({
      status: 'retryable',
      error: { code: 'SKIP_NOT_ALLOWED' },
    })
  })
})
