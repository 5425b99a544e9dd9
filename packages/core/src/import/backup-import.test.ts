import { createHash } from 'node:crypto'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createActor, fromPromise, waitFor } from 'xstate'
import { createRunner, HoldfastError, memoryJournal, type Run } from '../index.js'
import { MemoryLibrary } from '../testing/memory-library.js'
import { receiptFor } from '../testing/receipt-for.js'
import {
  sampleAttachment,
  sampleChat,
  sampleContact,
  sampleMessage,
  sampleUnreadable,
} from '../testing/sample-records.js'
import { ScriptedPhone } from '../testing/scripted-phone.js'
import {
  type BackupReader,
  type BackupRef,
  backupImport,
  type Device,
  type ImportRecord,
  type Receipt,
  type RecordBatch,
  type Storage,
  type StorageLinks,
  verifyPublished,
} from './index.js'

const pictures = [sampleAttachment('p1', 'm1'), sampleAttachment('p2', 'm2')]
const records: readonly ImportRecord[] = [
  sampleContact('c1'),
  sampleChat('chat-a'),
  ...Array.from({ length: 20 }, (_, n) => sampleMessage(`m${n}`)),
  ...pictures,
  sampleAttachment('gone', 'm3', { unavailable: 'not-in-backup' }),
]
const content = new Map(pictures.map(({ key }) => [key, new TextEncoder().encode(`content of ${key}`)]))
const signal = new AbortController().signal
const hashOf = (key: string) =>
  createHash('sha256')
    .update(content.get(key) ?? '')
    .digest('hex')

/** A library that fails at some of its batches: `fails(n)` is asked for the nth one. */
class FailingLibrary extends MemoryLibrary {
  writes = 0
  fails: (write: number) => boolean = () => false

  override async write(...call: Parameters<Storage['write']>): Promise<void> {
    this.writes += 1
    if (this.fails(this.writes))
      throw new HoldfastError('DISK_FULL', 'The volume is full', { hint: 'Free some space.' })
    await super.write(...call)
  }
}

function setUp(more: { records?: readonly ImportRecord[]; ownership?: BackupRef['ownership'] } = {}) {
  const phone = new ScriptedPhone({ records: more.records ?? records, content }, more.ownership)
  const library = new FailingLibrary()
  const saga = backupImport({ device: phone, reader: phone, storage: library, batchSize: 4 })
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
  return {
    phone,
    library,
    saga,
    runner,
    start: (input: unknown = {}) => runner.start(saga, input, { owner: 'me' }),
  }
}

const receiptOf = async (run: Run): Promise<Receipt> => {
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(`the run is ${outcome.status}`)
  return outcome.outputs['verify'] as unknown as Receipt
}

describe('the backup import', () => {
  it('stores everything, proves it, and only then lets the backup go', async () => {
    const { phone, library, start } = setUp()
    const run = await start()
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expect(phone.backupExists).toBe(false)
    expect(library.visible().map(({ record }) => record)).toEqual(records)
    expect((await receiptOf(run)).counts).toEqual({
      chats: { stored: 1, present: 0, skipped: 0, failed: 0 },
      messages: { stored: 20, present: 0, skipped: 0, failed: 0 },
      contacts: { stored: 1, present: 0, skipped: 0, failed: 0 },
      calls: { stored: 0, present: 0, skipped: 0, failed: 0 },
      voicemails: { stored: 0, present: 0, skipped: 0, failed: 0 },
      attachments: {
        stored: 2,
        present: 0,
        skipped: 1,
        failed: 0,
        bytes: 32,
        reasons: { 'not-in-backup': 1 },
      },
    })
  })

  it('a failed store parks with the backup kept; the retry goes on behind the last batch, without another extract', async () => {
    const { phone, library, start } = setUp()
    library.fails = (write) => write === 4
    const run = await start()
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'store',
      error: { code: 'DISK_FULL', hint: 'Free some space.' },
      facts: { backupPath: '/backups/scripted' },
    })
    expect(phone.backupExists).toBe(true)
    expect(library.visible()).toEqual([])
    library.fails = () => false
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expect(phone.backupsMade).toBe(1)
    // 25 records in batches of 4 are 7 batches; only the failed one was written twice.
    expect(library.writes).toBe(8)
    expect(library.visible()).toHaveLength(records.length)
  })

  it('readers see nothing before the receipt, whatever fails on the way', async () => {
    const { library, start } = setUp()
    library.fails = (write) => write > 6
    const run = await start()
    await run.outcome()
    expect(library.visible()).toEqual([])
    expect(await library.imports()).toEqual([])
  })

  it('content that changed between store and verify is found, and a retry stores it again', async () => {
    const { phone } = setUp()
    const corrupting = new (class extends FailingLibrary {
      times = 0
      override readBack(id: string, options: { signal: AbortSignal }) {
        if (this.times++ === 0) this.tamper({ file: hashOf('p1@m1') }, 'changed')
        return super.readBack(id, options)
      }
    })()
    const saga = backupImport({ device: phone, reader: phone, storage: corrupting, batchSize: 4 })
    const run = await createRunner({ journal: memoryJournal(), sagas: [saga] }).start(saga, {})
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'verify',
      error: { code: 'VERIFY_FAILED', facts: { key: 'p1@m1' } },
    })
    expect(phone.backupExists).toBe(true)
    expect(corrupting.visible()).toEqual([])
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expect(corrupting.visible()).toHaveLength(records.length)
  })

  it('an item that the library silently lost is found', async () => {
    const { phone } = setUp()
    const lossy = new (class extends MemoryLibrary {
      override write(id: string, batch: RecordBatch, options: Parameters<Storage['write']>[2]) {
        return super.write(
          id,
          { ...batch, records: batch.records.filter(({ key }) => key !== 'm7') },
          options,
        )
      }
    })()
    const saga = backupImport({ device: phone, reader: phone, storage: lossy })
    const run = await createRunner({ journal: memoryJournal(), sagas: [saga] }).start(saga, {})
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      error: { code: 'VERIFY_FAILED', facts: { key: 'm7' } },
    })
    expect(phone.backupExists).toBe(true)
  })

  it('a backup that changed during the import is not mixed into it, and not deleted', async () => {
    const { phone, library, start } = setUp()
    library.fails = (write) => write === 3
    const run = await start()
    await run.outcome()
    library.fails = () => false
    phone.fingerprint = 'f2'
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'BACKUP_CHANGED' } })
    expect(phone.backupExists).toBe(true)
  })

  it('a backup that changed after it was verified stays, and the run is done: what it proved is stored', async () => {
    const { phone, library } = setUp()
    const device: Device = {
      ...bind(phone),
      release: (...call) => {
        phone.fingerprint = 'went on'
        return phone.release(...call)
      },
    }
    const saga = backupImport({ device, reader: phone, storage: library })
    const run = await createRunner({ journal: memoryJournal(), sagas: [saga] }).start(saga, {})
    expect(await run.outcome()).toMatchObject({
      status: 'done',
      outputs: { cleanup: { deleted: false, kept: 'changed' } },
    })
    expect(phone.backupExists).toBe(true)
  })

  it('a release that fails keeps what was stored, is retried, and parks at cleanup', async () => {
    const { phone, library } = setUp()
    let busy = true
    const device: Device = {
      ...bind(phone),
      release: (...call) => {
        if (busy) throw new HoldfastError('RELEASE_FAILED', 'EBUSY', { retryable: false })
        return phone.release(...call)
      },
    }
    const saga = backupImport({ device, reader: phone, storage: library })
    const run = await createRunner({ journal: memoryJournal(), sagas: [saga] }).start(saga, {})
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'cleanup' })
    expect(library.visible()).toHaveLength(records.length)
    await expect(run.discard()).rejects.toMatchObject({ code: 'RUN_PAST_PIVOT' })
    busy = false
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expect(phone.backupExists).toBe(false)
  })
})

describe('what is skipped', () => {
  const missing = [...records, sampleAttachment('lost', 'm4', { unavailable: 'blob-missing' })]

  it('a reason that hides a loss makes verify fail while the backup would be deleted', async () => {
    const { phone, library, start } = setUp({ records: missing })
    const run = await start()
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'verify',
      error: { code: 'SKIP_NOT_ALLOWED', facts: { 'blob-missing': 1 } },
    })
    expect(phone.backupExists).toBe(true)
    expect(library.visible()).toEqual([])
  })

  it('the same is a fact to report where the backup stays, or where the host allows it', async () => {
    for (const input of [{ cleanup: 'keep' }, { allowSkips: ['blob-missing', 'not-in-backup'] }]) {
      const { start } = setUp({ records: missing })
      const receipt = await receiptOf(await start(input))
      expect(receipt.counts.attachments.reasons).toEqual({ 'not-in-backup': 1, 'blob-missing': 1 })
    }
  })

  it('a whole database that the backup lists but does not hold is a loss of the same kind', async () => {
    const part = { part: 'contacts', state: 'blob-missing', detail: 'It is not on disk.' } as const
    for (const [input, expected] of [
      [
        {},
        {
          status: 'retryable',
          step: 'verify',
          error: { code: 'SKIP_NOT_ALLOWED', facts: { 'blob-missing': 1 } },
        },
      ],
      [{ cleanup: 'keep' }, { status: 'done' }],
    ] as const) {
      const { phone, start } = setUp()
      phone.parts = [part]
      expect(await (await start(input)).outcome()).toMatchObject(expected)
      expect(phone.backupExists).toBe(true)
    }
  })

  it('an unreadable row is counted as failed, never as no row', async () => {
    const { start } = setUp({ records: [...records, sampleUnreadable('99')] })
    const receipt = await receiptOf(await start({ cleanup: 'keep' }))
    expect(receipt.counts.messages).toEqual({ stored: 20, present: 0, skipped: 0, failed: 1 })
  })
})

describe('the end of a backup', () => {
  it.each([
    ['made', undefined, false],
    ['made', 'keep', true],
    ['made', 'scratch', true],
    ['adopted', undefined, true],
    ['handed-over', 'delete', false],
  ] as const)(
    'one that is %s, with cleanup %s, exists afterwards: %s',
    async (ownership, cleanup, exists) => {
      const { phone, start } = setUp({ ownership })
      const run = await start(cleanup === undefined ? {} : { cleanup })
      expect((await run.outcome()).status).toBe('done')
      expect(phone.backupExists).toBe(exists)
    },
  )

  it('cancelling never deletes it; discarding does only when asked to, and only one that the run made', async () => {
    for (const [ownership, options, exists] of [
      ['made', {}, true],
      ['made', { backup: 'keep' }, true],
      ['made', { backup: 'delete' }, false],
      ['adopted', { backup: 'delete' }, true],
      ['handed-over', { backup: 'delete' }, true],
    ] as const) {
      const { phone, library, start } = setUp({ ownership })
      library.fails = (write) => write === 3
      const run = await start()
      await run.outcome()
      await run.cancel()
      expect(phone.backupExists).toBe(true)
      expect((await run.discard(options)).status).toBe('discarded')
      expect(phone.backupExists).toBe(exists)
      expect(library.visible()).toEqual([])
      await expect(
        library.publish(run.id, await receiptFor({ id: run.id, owner: 'me', fingerprint: 'f1', udid: null })),
      ).rejects.toMatchObject({
        code: 'IMPORT_UNKNOWN',
      })
    }
  })

  it('cannot come without a receipt: the types forbid it', () => {
    type Released = Parameters<Device['release']>[1]
    expectTypeOf<Released>().toEqualTypeOf<Receipt>()
    // A receipt of the same shape that nobody verified is none.
    expectTypeOf<Omit<Receipt, symbol>>().not.toExtend<Receipt>()
    expectTypeOf<{
      [Key in keyof Receipt as Key extends string ? Key : never]: Receipt[Key]
    }>().not.toExtend<Receipt>()
  })

  it('cannot come without a receipt: the machine has no other way, and the step checks the library', async () => {
    const { phone, saga, library } = setUp()
    const machine = saga.machine.provide({
      actors: {
        verify: fromPromise(async () => ({ import: 'x', seal: 'forged', source: { fingerprint: 'f1' } })),
      },
    })
    const actor = createActor(machine).start()
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(context).toMatchObject({ step: 'cleanup', error: { code: 'RECEIPT_INVALID' } })
    expect(phone.backupExists).toBe(true)
    expect(await library.imports()).toEqual([])
  })
})

describe('a host’s unit test, with no runner and no database', () => {
  it('a failing store ends in retryable with the backup path', async () => {
    const { saga } = setUp()
    const machine = saga.machine.provide({
      actors: {
        store: fromPromise(async () => {
          throw new Error('no')
        }),
      },
    })
    const actor = createActor(machine).start()
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(context).toMatchObject({
      step: 'store',
      attempt: 1,
      backupPath: '/backups/scripted',
      error: { message: 'no' },
    })
  })
})

describe('a published import', () => {
  it('is valid years later by its digest, and a damaged item is named', async () => {
    const { library, start } = setUp()
    const run = await start()
    await run.outcome()
    const [published] = await library.imports()
    if (published === undefined) throw new Error('nothing was published')
    expect(await verifyPublished(library, published, { signal })).toMatchObject({
      valid: true,
      items: 25,
      differences: [],
    })
    library.tamper({ file: hashOf('p2@m2') }, 'changed')
    expect(await verifyPublished(library, published, { signal })).toMatchObject({
      valid: false,
      differences: [{ type: 'attachment', key: 'p2@m2', difference: 'file-changed' }],
    })
  })

  it('is not stored again by a second import of the same backup: all of it is present', async () => {
    const { phone, library, start } = setUp()
    await (await start({ cleanup: 'keep' })).outcome()
    const receipt = await receiptOf(await start({ cleanup: 'keep' }))
    expect(receipt.counts.messages).toEqual({ stored: 0, present: 20, skipped: 0, failed: 0 })
    expect(library.visible()).toHaveLength(records.length)
    expect(phone.backupExists).toBe(true)
  })
})

describe('the options of the saga', () => {
  it.each([
    [undefined, 'OPTION_INVALID'],
    [{}, 'OPTION_INVALID'],
    [{ device: new ScriptedPhone({ records, content }), work: 'here' }, 'OPTION_INVALID'],
    [{ devic: new ScriptedPhone({ records, content }) }, 'OPTION_UNKNOWN'],
  ])('are checked, also where there are none: case %#', (options, code) => {
    expect(() => backupImport(options as never)).toThrow(expect.objectContaining({ code }))
  })
})

describe('the input of an import', () => {
  it.each([
    [{ cleanupp: 'keep' }, 'OPTION_UNKNOWN'],
    [{ cleanup: 'burn' }, 'OPTION_INVALID'],
    [{ allowSkips: ['whatever'] }, 'OPTION_INVALID'],
    [{ parts: [] }, 'OPTION_INVALID'],
    [{ parts: ['photos'] }, 'OPTION_INVALID'],
    [{ parts: ['calls', 'calls'] }, 'OPTION_INVALID'],
    [{ parts: 'calls' }, 'OPTION_INVALID'],
  ])('%j is refused before anything begins', async (input, code) => {
    const { start, runner } = setUp()
    await expect(start(input)).rejects.toMatchObject({ code })
    expect(await runner.runs()).toEqual([])
  })
})

describe('the parts that an import is started for', () => {
  async function partsOpened(input: unknown): Promise<readonly unknown[]> {
    const { phone, library } = setUp()
    const opened: unknown[] = []
    const reader: BackupReader = {
      open: (path, { parts }) => {
        opened.push(parts)
        return phone.open(path)
      },
    }
    const saga = backupImport({ device: phone, reader, storage: library })
    const run = await createRunner({ journal: memoryJournal(), sagas: [saga] }).start(saga, input)
    expect((await run.outcome()).status).toBe('done')
    return opened
  }

  it('are named to the reader each time that a step opens the backup', async () => {
    const chosen = ['messages', 'calls']
    expect(await partsOpened({ parts: chosen })).toEqual([chosen, chosen, chosen])
  })

  it('are for the reader to choose where none are named', async () => {
    expect(await partsOpened({})).toEqual([undefined, undefined, undefined])
  })
})

/** A library that notes what it is told of links, and says that its files are the backup's own as soon as it is told where they are. */
class LinkingLibrary extends MemoryLibrary {
  readonly told: string[] = []
  linkFailure: HoldfastError | null = null

  override async write(...[id, batch, options]: Parameters<Storage['write']>): Promise<void> {
    this.told.push(`the backup ${options.backup}`)
    for (const record of batch.records)
      if (record.type === 'attachment') this.told.push(String(await options.contentFile?.(record, signal)))
    await super.write(id, batch, options)
  }

  override async *readBack(...[id, options]: Parameters<Storage['readBack']>) {
    for await (const item of super.readBack(id, options)) {
      yield { ...item, isFileOfBackup: item.content !== null && options.contentFile !== undefined }
    }
  }

  readonly links: StorageLinks = {
    check: async (id) => {
      this.told.push(`check ${id}`)
      if (this.linkFailure !== null) throw this.linkFailure
    },
    end: async (id) => {
      this.told.push(`end ${id}`)
    },
  }
}

describe('content that a library may take over from the backup', () => {
  function linking(ownership: BackupRef['ownership'], release?: Device['release']) {
    const phone = new ScriptedPhone({ records: pictures, content }, ownership)
    const library = new LinkingLibrary()
    let digests = 0
    const reader: BackupReader = {
      open: async (path) => {
        const open = await phone.open(path)
        return {
          ...open,
          contentFile: async ({ guid }) => (guid === 'p1' ? '/backups/scripted/p1' : null),
          digest: (...call) => {
            digests += 1
            return open.digest(...call)
          },
        }
      },
    }
    const device = { ...bind(phone), ...(release === undefined ? {} : { release }) }
    const saga = backupImport({ device, reader, storage: library })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    const start = (input: unknown) => runner.start(saga, input, { owner: 'me' })
    return { library, phone, start, digests: () => digests }
  }

  it.each([
    ['made', {}, 'goes'],
    ['made', { cleanup: 'keep' }, 'stays'],
    ['made', { cleanup: 'scratch' }, 'stays'],
    ['handed-over', { cleanup: 'delete' }, 'goes'],
    ['adopted', {}, 'stays'],
  ] as const)(
    '%s, %j: the library is told that the backup %s, and where its files are',
    async (ownership, input, fate) => {
      const { library, start } = linking(ownership)
      expect((await (await start(input)).outcome()).status).toBe('done')
      expect(library.told.slice(0, 3)).toEqual([`the backup ${fate}`, '/backups/scripted/p1', 'null'])
      expect(library.told.slice(3).map((told) => told.split(' ')[0])).toEqual(
        fate === 'goes' ? ['check', 'end'] : [],
      )
    },
  )

  it('is read once for source and library where it is one file', async () => {
    const { digests, start } = linking('made')
    expect((await (await start({})).outcome()).status).toBe('done')
    expect(digests()).toBe(0)
  })

  it('is made the library’s own when the backup stays because it changed, or because the library found its links changed', async () => {
    const changed = new HoldfastError('BACKUP_CHANGED', 'It went on', {
      hint: 'Import it again.',
      retryable: false,
    })
    const released = linking('made', () => Promise.reject(changed))
    const linked = linking('made')
    linked.library.linkFailure = changed
    for (const { library, phone, start } of [released, linked]) {
      expect(await (await start({})).outcome()).toMatchObject({
        status: 'done',
        outputs: { cleanup: { deleted: false, kept: 'changed' } },
      })
      expect(library.told.slice(3).map((told) => told.split(' ')[0])).toEqual(['check', 'end'])
      expect(phone.backupExists).toBe(true)
    }
  })

  it('is made the library’s own when the backup may not be deleted, and stays linked while that is tried again', async () => {
    for (const [code, told] of [
      ['RELEASE_REFUSED', ['check', 'end']],
      ['RELEASE_FAILED', ['check']],
    ] as const) {
      const failure = new HoldfastError(code, 'It cannot go', { hint: 'Look.', retryable: false })
      const { library, start } = linking('made', () => Promise.reject(failure))
      const run = await start({})
      expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'cleanup', error: { code } })
      expect(
        library.told.slice(3).map((each) => each.split(' ')[0]),
        code,
      ).toEqual(told)
    }
  })
})

/** A device's methods as properties, so that a test can replace one. */
function bind(phone: ScriptedPhone): Device {
  return {
    needs: phone.needs,
    resources: () => phone.resources(),
    expectedPath: () => phone.expectedPath(),
    acquire: (context) => phone.acquire(context),
    release: (...call) => phone.release(...call),
    discard: (...call) => phone.discard(...call),
  }
}
