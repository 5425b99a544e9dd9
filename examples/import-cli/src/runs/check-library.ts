import {
  verifyLibrary as holdLibrary,
  type LibraryCheck,
  type VerifyLibraryOptions,
} from '@holdfast/core/import'
import type { OpenLibrary } from '../library/open-library.js'
import { receiptsOfRuns } from './receipts-of-runs.js'

/**
 * Holds a library against its receipts, and those against the journal. The journal is asked first: a run that it says is done published
 * its import before that, so the import is among those that are read. One that ends while the library is read may not be, and is
 * for the next check.
 *
 * @throws what `verifyLibrary` of `@holdfast/core/import` throws.
 */
export async function checkLibrary(
  library: Pick<OpenLibrary, 'runner' | 'storage'>,
  options: VerifyLibraryOptions,
): Promise<LibraryCheck> {
  const done = (await library.runner.runs()).filter(({ status }) => status === 'done')
  const check = await holdLibrary(library.storage, options)
  return receiptsOfRuns(check, done, library.runner)
}
