import { describe, expect, it } from 'vitest'
import { collectContent, type Storage, type StoredItem } from '../../import/index.js'
import { isHoldfastError } from '../../index.js'
import type { MemoryLibrary } from '../memory-library.js'
import { receiptFor } from '../receipt-for.js'
import { storageContract } from '../storage-contract.js'
import { openMemoryLibrary } from './open-memory-library.js'
import { importRef } from './staging.js'

/** A storage that breaks its contract in one way, and the claims that have to find it out. */
interface Mutant {
  readonly name: string
  readonly wrong: (library: MemoryLibrary) => Partial<Storage>
  /** A method that it does not have. */
  readonly without?: 'findUnchanged'
  readonly rejectedBy: readonly string[]
}

const lacks = ['own-rows', 'space', 'links'] as const

const mutants: readonly Mutant[] = [
  {
    name: 'names nothing that a run must have for itself',
    wrong: () => ({ resources: [] }),
    rejectedBy: ['names what a run must have for itself'],
  },
  {
    name: 'begins a new import somewhere',
    wrong: (library) => ({ begin: async (ref) => ({ ...(await library.begin(ref)), cursor: 'somewhere' }) }),
    rejectedBy: ['a new import begins at the start, however often it is begun'],
  },
  {
    name: 'publishes early',
    wrong: (library) => {
      const refs = new Map<string, Parameters<Storage['begin']>[0]>()
      return {
        begin: async (ref) => {
          refs.set(ref.id, ref)
          return library.begin(ref)
        },
        write: async (id, ...rest) => {
          await library.write(id, ...rest)
          const ref = refs.get(id)
          if (ref !== undefined) await library.publish(id, await receiptFor(ref))
        },
      }
    },
    rejectedBy: [
      'readers see nothing of what is staged',
      'a changed record takes the place of the one before when it is published, not earlier',
      'a staged import is no proof that its source is held, nor is one that was discarded',
    ],
  },
  {
    name: 'publishes nothing',
    wrong: () => ({ publish: async () => {} }),
    rejectedBy: ['publishing shows all of an import and its receipt, durably'],
  },
  {
    name: 'lists nothing where a receipt is damaged',
    wrong: (library) => ({
      imports: async () => {
        const published = await library.imports()
        return published.some(({ receipt }) => receipt === null) ? [] : published
      },
    }),
    rejectedBy: ['an import whose receipt was damaged is listed without it, and hides no other'],
  },
  {
    name: 'publishes with any receipt',
    wrong: (library) => ({ publish: (...call) => unless('RECEIPT_INVALID', library.publish(...call)) }),
    rejectedBy: [
      'publishing twice with one receipt is publishing once; with another receipt it is refused',
      'nothing is published without a whole receipt of its own',
    ],
  },
  {
    name: 'does not notice that the library has changed',
    wrong: (library) => ({ publish: (...call) => unless('LIBRARY_CHANGED', library.publish(...call)) }),
    rejectedBy: [
      'an import is refused when another was published since it was staged, and then begins afresh',
      'two imports that were staged side by side never show one record twice',
      'what was staged against an import that is discarded meanwhile cannot be published',
    ],
  },
  {
    name: 'forgets the cursor',
    wrong: (library) => ({ begin: async (ref) => ({ ...(await library.begin(ref)), cursor: null }) }),
    rejectedBy: [
      'an import goes on after its last batch when it was interrupted, and ends as one that was not',
      'an import that failed at every batch, and was opened anew each time, ends as one that never failed',
    ],
  },
  {
    name: 'loses a cursor that says little',
    wrong: (library) => ({
      begin: async (ref) => {
        const state = await library.begin(ref)
        return { ...state, cursor: state.cursor || null }
      },
    }),
    rejectedBy: ['a cursor comes back exactly as it was given, whatever JSON it is'],
  },
  {
    name: 'keeps no cursor of a batch without records',
    wrong: (library) => ({
      write: async (id, batch, options) => {
        if (batch.records.length > 0) await library.write(id, batch, options)
      },
    }),
    rejectedBy: ['a batch without records moves the cursor and nothing else'],
  },
  {
    name: 'stages a batch twice when it is repeated',
    wrong: (library) => {
      let writes = 0
      return {
        write: async (id, batch, options) => {
          writes += 1
          await library.write(id, { records: [], cursor: `write ${writes}` }, options)
          await library.write(id, batch, options)
        },
      }
    },
    rejectedBy: [
      'a batch whose commit was not seen can be repeated',
      'a batch whose commit was not seen can be repeated by another process',
    ],
  },
  {
    name: 'stages a batch piece by piece',
    wrong: (library) => ({
      write: async (id, { records, cursor }, options) => {
        for (const record of records) await library.write(id, { records: [record], cursor }, options)
      },
    }),
    rejectedBy: ['content that fails stages nothing of its batch, and its error passes unchanged'],
  },
  {
    name: 'believes of content that it is what it once was',
    wrong: (library) => {
      const known = new Map<string, Uint8Array>()
      return {
        write: (id, batch, options) =>
          library.write(id, batch, {
            ...options,
            async *content(record, signal) {
              const bytes =
                known.get(record.key) ?? (await collectContent(options.content(record, signal), signal))
              known.set(record.key, bytes)
              yield bytes
            },
          }),
      }
    },
    rejectedBy: [
      'content that is another in the same size, under an equal record, is stored where what is held is not to be trusted',
    ],
  },
  {
    name: 'does not hear an abort while it writes',
    wrong: (library) => ({
      write: (id, batch, options) => library.write(id, batch, { ...options, signal: neverAborted }),
    }),
    rejectedBy: ['an abort in the middle of content stages nothing, and rejects with its reason'],
  },
  {
    name: 'writes into whatever import it is given',
    wrong: (library) => ({
      write: (...call) => unless('STORE_FAILED', unless('IMPORT_UNKNOWN', library.write(...call))),
    }),
    rejectedBy: ['nothing is written into an import that was not begun, or is published'],
  },
  {
    name: 'goes on with what was staged, whatever it was staged from',
    wrong: (library) => {
      const first = new Map<string, Parameters<Storage['begin']>[0]>()
      return {
        begin: (ref) => {
          const known = first.get(ref.id) ?? ref
          first.set(ref.id, known)
          return library.begin(known)
        },
      }
    },
    rejectedBy: [
      'what was staged from a source that changed meanwhile is dropped',
      'what was staged for another owner or phone is dropped',
      'a source that changed while it was staged is not found by either stamp',
    ],
  },
  {
    name: 'knows no owners',
    wrong: (library) => ({
      begin: (ref) => library.begin({ ...ref, owner: 'everybody' }),
      publish: async (id) => library.publish(id, await receiptFor(importRef(id, { owner: 'everybody' }))),
    }),
    rejectedBy: ['two owners hold the same messages beside each other'],
  },
  {
    name: 'knows no phones',
    wrong: (library) => ({ begin: (ref) => library.begin({ ...ref, udid: 'the only one' }) }),
    rejectedBy: ['contacts of two phones do not replace each other, though their ids are the same'],
  },
  {
    name: 'discards nothing',
    wrong: () => ({ discard: async () => {} }),
    rejectedBy: [
      'discarding what is staged leaves the library as it was, files included',
      'discarding what is published brings back what it had replaced',
      'discarding is safe to repeat, and nothing to do for an import that never was',
      'content that another import shares stays until the last of them is discarded',
      'a row that no import brought goes when the import is discarded that it pretends to be of',
    ],
  },
  {
    name: 'takes with an import what others rely on',
    wrong: (library) => ({
      discard: async (id) => {
        const keys: string[] = []
        for await (const { type, key } of library.readBack(id, { signal: neverAborted }))
          if (type === 'message') keys.push(key)
        await library.discard(id)
        for (const message of keys) library.tamper({ message }, 'removed')
      },
    }),
    rejectedBy: [
      'what a later import found present stays when the one before is discarded',
      'discarding an import in the middle of three shows each record once, as the last one told it',
    ],
  },
  {
    name: 'reads back in another order',
    wrong: (library) => reading(library, (items) => items.toReversed()),
    rejectedBy: ['every item ends as stored, skipped or failed, in the order in which it was written'],
  },
  {
    name: 'says of everything that it is new',
    wrong: (library) =>
      reading(library, (items) =>
        items.map((item) => (item.outcome === 'present' ? { ...item, outcome: 'stored' } : item)),
      ),
    rejectedBy: [
      'an unchanged source is present in full, and readers see what they saw',
      'a key that its source tells twice is present the second time',
    ],
  },
  {
    name: 'tells each key once',
    wrong: (library) =>
      reading(library, (items) =>
        items.filter(({ key }, index) => items.findIndex((each) => each.key === key) === index),
      ),
    rejectedBy: [
      'a key that its source tells twice with different content ends once each way, and nothing fails to be read back',
    ],
  },
  {
    name: 'loses empty texts',
    wrong: (library) =>
      reading(library, (items) =>
        items.map((item) =>
          item.record?.type === 'message'
            ? { ...item, record: { ...item.record, subject: item.record.subject || null } }
            : item,
        ),
      ),
    rejectedBy: ['records are read back exactly as they were written, staged and published'],
  },
  {
    name: 'hashes no content',
    wrong: (library) => reading(library, (items) => items.map((item) => ({ ...item, content: null }))),
    rejectedBy: ['content is hashed as it is on disk, and items without content have none'],
  },
  {
    name: 'reads nothing of what was present',
    wrong: (library) =>
      reading(library, (items) =>
        items.map((item) => (item.outcome === 'present' ? { ...item, record: null } : item)),
      ),
    rejectedBy: ['items that were present are read back in full'],
  },
  {
    name: 'reads back what readers see instead of what the import stored',
    wrong: (library) =>
      reading(library, (items) =>
        items.map((item) => {
          const seen = library.visible().find(({ record }) => record.key === item.key)
          return seen === undefined ? item : { ...item, record: seen.record }
        }),
      ),
    rejectedBy: ['an import that a later one superseded is still read back as it was'],
  },
  {
    name: 'reads back nothing of an import that never was',
    wrong: (library) => ({
      async *readBack(id, options) {
        try {
          yield* library.readBack(id, options)
        } catch (thrown) {
          if (!hasCode(thrown, 'IMPORT_UNKNOWN')) throw thrown
        }
      },
    }),
    rejectedBy: ['reading back an import that never was is refused'],
  },
  {
    name: 'does not hear an abort while it reads',
    wrong: (library) => ({ readBack: (id) => library.readBack(id, { signal: neverAborted }) }),
    rejectedBy: ['reading back stops when it is aborted'],
  },
  {
    name: 'finds no difference',
    wrong: (library) => reading(library, (items) => items.map((item) => ({ ...item, difference: null }))),
    rejectedBy: [
      'a file that is gone, or has another byte, is found and written again by the next import',
      'a row that was changed or removed is found, and written again by the next import',
    ],
  },
  {
    name: 'believes of files that they are where they once were',
    wrong: (library) => {
      const once = new Set<string>()
      return {
        write: async (...call) => {
          const gone = [...once].filter((sha256) => !library.contents().has(sha256))
          await library.write(...call)
          for (const file of gone) library.tamper({ file }, 'removed')
          for (const sha256 of library.contents().keys()) once.add(sha256)
        },
      }
    },
    rejectedBy: ['a file that is gone is written again although nothing was read back in between'],
  },
  {
    name: 'audits, and says nothing',
    wrong: () => ({ async *audit() {} }),
    rejectedBy: [
      'a row that no import brought is found, staged and published',
      'a row that was moved to another import is found',
      'a file that belongs to nothing is found',
      'auditing an import that never was is refused',
    ],
  },
  {
    name: 'audits, and says nothing while another audit is under way',
    wrong: (library) => {
      let underWay = 0
      return {
        async *audit(options) {
          underWay += 1
          try {
            if (underWay === 1) yield* library.audit(options)
          } finally {
            underWay -= 1
          }
        },
      }
    },
    rejectedBy: ['audits that are under way at the same time each find what one alone finds'],
  },
  {
    name: 'audits, and finds what is not there',
    wrong: () => ({
      async *audit() {
        yield { problem: 'file-unlisted', import: null, type: 'file', key: 'none', detail: null }
      },
    }),
    rejectedBy: [
      'an audit finds nothing wrong with a library that nobody disturbed, whatever was done with it',
    ],
  },
  {
    name: 'audits, and puts right what it finds',
    wrong: (library) => ({
      async *audit(options) {
        for await (const each of library.audit(options)) {
          yield each
          if (each.type === 'file') library.tamper({ file: each.key }, 'removed')
        }
      },
    }),
    rejectedBy: ['an audit changes nothing'],
  },
  {
    name: 'finds no source unchanged',
    wrong: () => ({ findUnchanged: async () => null }),
    rejectedBy: [
      'an unchanged source is found with the receipt of the import that holds it, and nothing is changed',
    ],
  },
  {
    name: 'finds any source unchanged',
    wrong: (library) => ({ findUnchanged: async () => (await library.imports())[0]?.receipt ?? null }),
    rejectedBy: [
      'a source is not found unchanged by another stamp, without one, or for another owner',
      'a source is not found unchanged where a row or a file of it is gone, damaged or replaced',
    ],
  },
  {
    name: 'cannot find what is unchanged, and does not say so',
    wrong: () => ({}),
    without: 'findUnchanged',
    rejectedBy: ['lacks own-rows, space, links and nothing else'],
  },
]

describe('the contract of a storage', () => {
  it('has no claim that nothing wrong was found out by', () => {
    const claims = storageContract(() => openMemoryLibrary(), { lacks }).map(({ name }) => name)
    const found = new Set(mutants.flatMap(({ rejectedBy }) => rejectedBy))
    expect([...found].sort()).toEqual(claims.toSorted())
  })

  it.each(mutants)('finds out one that $name', async ({ wrong, without, rejectedBy }) => {
    const open = () =>
      openMemoryLibrary((library) => {
        const all = { ...methodsOf(library), ...wrong(library) }
        if (without !== undefined) delete all[without]
        return all
      })
    const claims = storageContract(open, { lacks })
    for (const name of rejectedBy) {
      const claim = claims.find((each) => each.name === name)
      await expect(claim?.run(), name).rejects.toBeInstanceOf(Error)
    }
  })
})

const neverAborted = new AbortController().signal

/** A library's methods as properties, so that some can be replaced. */
function methodsOf(library: MemoryLibrary): Storage {
  return {
    resources: library.resources,
    format: library.format,
    check: () => library.check(),
    begin: (ref) => library.begin(ref),
    write: (...call) => library.write(...call),
    readBack: (...call) => library.readBack(...call),
    publish: (...call) => library.publish(...call),
    discard: (id) => library.discard(id),
    findUnchanged: (ref) => library.findUnchanged(ref),
    imports: () => library.imports(),
    audit: (options) => library.audit(options),
  }
}

/** Reading back with a change to all that is read. */
function reading(
  library: MemoryLibrary,
  change: (items: readonly StoredItem[]) => readonly StoredItem[],
): Partial<Storage> {
  return {
    async *readBack(id, options) {
      const items: StoredItem[] = []
      for await (const item of library.readBack(id, options)) items.push(item)
      yield* change(items)
    },
  }
}

/** Resolves although it failed with this code. */
async function unless(code: string, promise: Promise<void>): Promise<void> {
  try {
    await promise
  } catch (thrown) {
    if (!hasCode(thrown, code)) throw thrown
  }
}

function hasCode(thrown: unknown, code: string): boolean {
  return isHoldfastError(thrown) && thrown.code === code
}
