import { writeFileSync } from 'node:fs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** A vitest reporter that writes how many tests there were into the file that HOLDFAST_TALLY names. */
export default class TallyReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env['HOLDFAST_TALLY']
    if (file !== undefined) writeFileSync(file, JSON.stringify(tally(modules, unhandledErrors)))
  }
}

/**
 * Counts what went wrong outside of any test as a failure too: a file that does not load, a hook that throws,
 * an error that nobody caught.
 * @param {readonly import('vitest/node').TestModule[]} modules
 * @param {readonly unknown[]} unhandledErrors
 * @returns {Tally}
 */
function tally(modules, unhandledErrors) {
  const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
  for (const module of modules) {
    for (const part of [module, ...module.children.allSuites()])
      if (part.errors().length > 0) counts.failed += 1
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      counts[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1
    }
  }
  return counts
}

/**
 * What ends a test run: the lines to print, and the exit status, which is vitest's, but never 0 where no test ran or one
 * failed.
 * @param {number} status vitest's
 * @param {Tally | undefined} counts undefined when vitest ended before it could count
 * @returns {{ lines: string[], status: number }}
 */
export function closingLine(status, counts) {
  if (counts === undefined) return { lines: ['The test run broke off.'], status: status === 0 ? 1 : status }
  const { passed, failed, skipped } = counts
  const ran = passed + failed > 0
  return {
    lines: [...(ran ? [] : ['No test ran.']), `${passed} passed, ${failed} failed, ${skipped} skipped`],
    status: status === 0 && (!ran || failed > 0) ? 1 : status,
  }
}
