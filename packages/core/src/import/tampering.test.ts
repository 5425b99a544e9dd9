import { describe, expect, it } from 'vitest'
import { createRunner, memoryJournal } from '../index.js'
import { MemoryLibrary, ScriptedPhone, sampleAttachment, sampleMessage } from '../testing/index.js'
import { backupImport } from './backup-import.js'

const records = [sampleMessage('m1'), sampleMessage('m2'), sampleAttachment('a1', 'm1')]
const content = new Map([['a1@m1', new TextEncoder().encode('Content of a1')]])

/** Imports a phone's backup, which the run deletes, into a library that `disturb` damages after it was verified. */
async function importInto(disturb: (library: MemoryLibrary, id: string) => void) {
  const phone = new ScriptedPhone({ records, content })
  const library = new MemoryLibrary()
  const publish = library.publish.bind(library)
  library.publish = async (id, receipt) => {
    await publish(id, receipt)
    disturb(library, id)
  }
  const saga = backupImport({ device: phone, reader: phone, storage: library })
  const run = await createRunner({ journal: memoryJournal(), sagas: [saga] }).start(saga, null)
  return { outcome: await run.outcome(), phone }
}

describe('a library that is disturbed between verify and cleanup', () => {
  it.each<[string, (library: MemoryLibrary, id: string) => void]>([
    ['a row is changed', (library) => library.tamper({ message: 'm1' }, 'changed')],
    ['a row is removed', (library) => library.tamper({ message: 'm2' }, 'removed')],
    ['a row is added', (library, id) => library.plant({ message: 'planted', like: 'm1', import: id })],
    ['a file is changed', (library) => library.tamper({ file: fileOf(library) }, 'changed')],
    ['a file is removed', (library) => library.tamper({ file: fileOf(library) }, 'removed')],
  ])('keeps the backup, from which it can be imported again: %s', async (_what, disturb) => {
    const { outcome, phone } = await importInto(disturb)
    expect(outcome).toMatchObject({
      status: 'done',
      outputs: { cleanup: { deleted: false, kept: 'library-changed' } },
    })
    expect(phone.backupExists).toBe(true)
  })

  it('lets the backup go where nothing was disturbed', async () => {
    const { outcome, phone } = await importInto(() => undefined)
    expect(outcome).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true, kept: null } } })
    expect(phone.backupExists).toBe(false)
  })
})

function fileOf(library: MemoryLibrary): string {
  const [sha256] = library.contents().keys()
  if (sha256 === undefined) throw new Error('the library holds no file')
  return sha256
}
