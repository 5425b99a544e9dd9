// `npm run test:faults`: every call on a file that an import makes, and that taking one back makes, fails with every system code, or is
// the last one of its process; and every call of a backup from the cable fails with some. Sets up as `npm test` does; further words go
// to vitest. An hour or so on an idle machine.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
const tally = join(scratch, 'points')
Object.assign(process.env, { HOLDFAST_FAULT_SUITE: 'long', HOLDFAST_FAULT_TALLY: tally })
process.argv.splice(
  2,
  0,
  '--no-file-parallelism',
  'packages/adapters/test/faults',
  'packages/adapters/test/iphone/faulty-disk',
)
try {
  await import('./test.mjs')
  process.stdout.write(`${pointsIn(tally)} points tried\n`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/**
 * The sum of what the test files have counted, one number a line.
 * @param {string} file
 */
function pointsIn(file) {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .reduce((sum, line) => sum + Number(line), 0)
  } catch {
    // Nothing could be made to fail here.
    return 0
  }
}
