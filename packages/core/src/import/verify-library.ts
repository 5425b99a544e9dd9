import { checkOptions, HoldfastError, rule } from '../index.js'
import { ContentDigester } from './content-digest.js'
import { digestLine } from './digest-line.js'
import { ImportTally } from './import-counts.js'
import { expectedOutcomes } from './item-outcome.js'
import { type LibraryProblem, libraryProblems } from './library-problems.js'
import { countsOf, type ImportCounts, type Receipt } from './receipt.js'
import type { PublishedImport, Storage, StoredItem } from './storage.js'

/** Every way in which a library can differ from its receipts. Each with what it is, and what somebody who finds it can do. */
export const libraryDifferences = {
  'row-missing': {
    says: 'the row of an item is gone',
    todo: 'Import the backup again, or restore the library from a copy.',
  },
  'row-changed': {
    says: 'the row of an item is not as it was stored',
    todo: 'Import the backup again, or restore the library from a copy.',
  },
  'file-missing': {
    says: 'the file of an item is gone',
    todo: 'Put the file back, or import the backup again.',
  },
  'file-changed': {
    says: 'the file of an item has other bytes',
    todo: 'Put the right file back, or import the backup again.',
  },
  'item-changed': {
    says: 'the list of items says of one what its row does not',
    todo: 'Something else changed the list: restore the library from a copy.',
  },
  'counts-differ': {
    says: 'there are other numbers of items than the receipt counts',
    todo: 'Something else changed the list of items: restore the library from a copy, or import the backup again.',
  },
  'digest-differs': {
    says: 'the digest over all items is not the one of the receipt',
    todo: 'Something else changed items together with their hashes: restore the library from a copy, or import the backup again.',
  },
  'import-missing': {
    says: 'an import that was finished is not there any more',
    todo: 'Import the backup again, or restore the library from a copy.',
  },
  ...libraryProblems,
} as const satisfies Record<string, { readonly says: string; readonly todo: string }>

/** Something that is no longer what its receipt proved. Plain JSON. */
export type LibraryDifference = Omit<LibraryProblem, 'problem'> & {
  readonly difference: keyof typeof libraryDifferences
}

/** What holding an import against its receipt found. */
export type ImportCheck = {
  readonly import: string
  /** Null where it is damaged: then the import is held against what the library itself says of it. */
  readonly receipt: Receipt | null
  readonly items: number
  /** Items as they are in the library now; `receipt.counts` are those of the time of verification. */
  readonly counts: ImportCounts
  /** Whether the import is what its receipt says: the digest over the library's content is the receipt's, and nothing else differs. */
  readonly valid: boolean
  /** How many differences there are; `differences` names the first hundred. */
  readonly found: number
  readonly differences: readonly LibraryDifference[]
}

/** What holding a whole library against its receipts found. */
export type LibraryCheck = {
  readonly valid: boolean
  readonly imports: readonly ImportCheck[]
  /** What is wrong beside the items of imports: see {@link Storage.audit}. The first hundred are named. */
  readonly problems: readonly LibraryDifference[]
  readonly found: number
}

/** How {@link verifyPublished} and {@link verifyLibrary} are called. */
export interface VerifyLibraryOptions {
  readonly signal: AbortSignal
  /** Told every thousand items. `published` is the import that is being read. */
  readonly progress?: (done: number, published: PublishedImport) => void
}

const verifyRules = { signal: rule.object, progress: rule.function }

/**
 * Holds a published import against its receipt, years later and without the backup: reads every row and every file again, computes
 * counts and digest anew, and looks for what was put there beside them.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`; what the Storage throws, and the signal's reason.
 */
export async function verifyPublished(
  storage: Storage,
  published: PublishedImport,
  options: VerifyLibraryOptions,
): Promise<ImportCheck> {
  checkOptions('verifyPublished', options, verifyRules, ['signal'])
  const found = new Differences()
  for await (const problem of storage.audit({ import: published.id, signal: options.signal })) {
    found.add(fromAudit(problem))
  }
  return checkItems(storage, published, found, options)
}

/**
 * Holds a library against all its receipts, and against what every library promises.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`; what the Storage throws, and the signal's reason.
 */
export async function verifyLibrary(storage: Storage, options: VerifyLibraryOptions): Promise<LibraryCheck> {
  checkOptions('verifyLibrary', options, verifyRules, ['signal'])
  const published = await storage.imports()
  const unproved = new Set(published.filter(({ receipt }) => receipt === null).map(({ id }) => id))
  const problems = new Differences()
  for await (const problem of storage.audit({ signal: options.signal })) {
    // It is told of the import.
    if (problem.problem === 'receipt-changed' && unproved.has(problem.import ?? '')) continue
    problems.add(fromAudit(problem))
  }
  const imports: ImportCheck[] = []
  for (const each of published) imports.push(await checkItems(storage, each, new Differences(), options))
  const valid = problems.found === 0 && imports.every((check) => check.valid)
  return { valid, imports, problems: problems.named, found: problems.found }
}

async function checkItems(
  storage: Storage,
  published: PublishedImport,
  found: Differences,
  { signal, progress }: VerifyLibraryOptions,
): Promise<ImportCheck> {
  const { id, receipt } = published
  const digester = new ContentDigester()
  const tally = new ImportTally()
  let items = 0
  const asImport = { import: id, type: 'import', key: id } as const
  if (receipt === null && !found.named.some(({ difference }) => difference === 'receipt-changed')) {
    found.add({ difference: 'receipt-changed', ...asImport, detail: 'it does not match its own seal' })
  }
  for await (const item of storage.readBack(id, { signal })) {
    await digester.add(digestLine(item, receipt?.version))
    tally.addItem(item)
    items += 1
    const difference = item.difference ?? (agrees(item) ? null : 'item-changed')
    if (difference !== null) {
      found.add({ difference, import: id, type: item.type, key: item.key, detail: null })
    }
    if (items % 1000 === 0) progress?.(items, published)
  }
  progress?.(items, published)
  const { counts } = tally
  const proved = receipt === null ? counts : countsOf(receipt)
  for (const detail of differingCounts(proved, counts)) {
    found.add({ difference: 'counts-differ', ...asImport, detail })
  }
  const digest = await digester.digest()
  if (receipt !== null && found.found === 0 && digest !== receipt.digest) {
    found.add({ difference: 'digest-differs', ...asImport, detail: `${digest} instead of ${receipt.digest}` })
  }
  const valid = found.found === 0
  return { import: id, receipt, items, counts, valid, found: found.found, differences: found.named }
}

/** Whether the list of items says of one what its record does. */
function agrees({ outcome, reason, record }: StoredItem): boolean {
  if (record === null) return true
  const expected = expectedOutcomes(record)
  return expected.outcomes.includes(outcome) && expected.reason === reason
}

/** A sentence for each kind of item that is counted otherwise. */
function differingCounts(receipt: ImportCounts, library: ImportCounts): readonly string[] {
  const kinds = ['chats', 'messages', 'contacts', 'calls', 'voicemails', 'attachments'] as const
  return kinds.flatMap((kind) => {
    const there = inWords(library[kind])
    const proved = inWords(receipt[kind])
    return there === proved ? [] : [`${kind}: ${there}; the receipt says ${proved}`]
  })
}

function inWords(
  counts: ImportCounts['messages'] & { readonly bytes?: number; readonly reasons?: object },
): string {
  const { stored, present, skipped, failed, bytes, reasons = {} } = counts
  const outcomes = `${stored} stored, ${present} present, ${skipped} skipped, ${failed} failed`
  if (bytes === undefined) return outcomes
  const why = Object.entries(reasons).sort(([a], [b]) => (a < b ? -1 : 1))
  return [outcomes, `${bytes} bytes`, ...why.map(([reason, count]) => `${count} ${reason}`)].join(', ')
}

function fromAudit({ problem, ...rest }: LibraryProblem): LibraryDifference {
  return { difference: problem, ...rest }
}

/** Differences that were found: all of them counted, the first ones named. */
class Differences {
  static readonly #most = 100
  readonly named: LibraryDifference[] = []
  found = 0

  add(difference: LibraryDifference): void {
    this.found += 1
    if (this.named.length < Differences.#most) this.named.push(difference)
  }
}

/** The error for a library that is not what its receipts prove; with the first difference as facts. */
export function libraryDiffers(differences: readonly LibraryDifference[], found: number): HoldfastError {
  const [first] = differences
  const one =
    first === undefined
      ? ''
      : `; the first: ${libraryDifferences[first.difference].says} (${first.type} '${first.key}')`
  return new HoldfastError(
    'VERIFY_FAILED',
    `The library differs from what its receipts prove in ${found} ${found === 1 ? 'place' : 'places'}${one}`,
    {
      hint:
        first === undefined ? 'Restore the library from a copy.' : libraryDifferences[first.difference].todo,
      retryable: false,
      facts: first === undefined ? {} : { type: first.type, key: first.key, difference: first.difference },
    },
  )
}
