import type { RunHeader, Runner } from '@holdfast/core'
import type { LibraryCheck, LibraryDifference, Receipt } from '@holdfast/core/import'
import { readRunRecord } from './run-record.js'

/**
 * A check of a library, and beside it what the journal knows: the receipt of every import that a run finished is there, and is the one
 * that the run was given. Who changes a library together with its receipts does not get past it. `done` are runs that were done before
 * the check began: only their imports had to be in it.
 */
export async function receiptsOfRuns(
  check: LibraryCheck,
  done: readonly RunHeader[],
  runner: Pick<Runner, 'history'>,
): Promise<LibraryCheck> {
  const kept = new Map(check.imports.map((each) => [each.import, each.receipt?.seal ?? null]))
  const differences: LibraryDifference[] = []
  for (const run of done) {
    const receipt = await receiptOfRun(run, runner)
    const seal = receipt === null ? null : kept.get(receipt.import)
    // One that is damaged is told of its import.
    if (receipt === null || seal === receipt.seal || seal === null) continue
    const about = { import: receipt.import, type: 'import', key: receipt.import } as const
    const isThere = kept.has(receipt.import)
    const detail = isThere ? 'the journal holds another one' : 'the journal says that it was finished'
    const difference = isThere ? 'receipt-changed' : 'import-missing'
    if (!differences.some(({ key }) => key === receipt.import))
      differences.push({ difference, ...about, detail })
  }
  if (differences.length === 0) return check
  return {
    ...check,
    valid: false,
    problems: [...check.problems, ...differences],
    found: check.found + differences.length,
  }
}

/** The receipt that a run ended with; null where its entries hold none that is whole. */
async function receiptOfRun({ id }: RunHeader, runner: Pick<Runner, 'history'>): Promise<Receipt | null> {
  const record = await readRunRecord(await runner.history(id)).catch(() => null)
  return record?.receipt ?? null
}
