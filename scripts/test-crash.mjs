// `npm run test:crash`: the long suite of kills, power cuts and races, on real processes and real files. Sets up as `npm test` does;
// further words go to vitest, and HOLDFAST_SEED repeats what was random. Some minutes on an idle machine.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How many processes the whole suite kills at the least. */
const WANTED_KILLS = 1_000

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-crash-'))
const tally = join(scratch, 'kills')
const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
Object.assign(process.env, {
  HOLDFAST_CRASH_SUITE: 'long',
  HOLDFAST_KILL_TALLY: tally,
  HOLDFAST_SEED: seed,
})
const isWhole = process.argv.length === 2
// One file after the other: each keeps all processors busy by itself.
process.argv.splice(
  2,
  0,
  '--no-file-parallelism',
  'packages/adapters/test/engine',
  'packages/adapters/test/host-storage/host-kill',
  'packages/adapters/test/iphone/phone-kill',
)
try {
  await import('./test.mjs')
  const kills = killsIn(tally)
  process.stdout.write(`${kills} processes killed; HOLDFAST_SEED=${seed} repeats it\n`)
  if (isWhole && kills < WANTED_KILLS) {
    process.stderr.write(`The suite is to kill ${WANTED_KILLS} processes at the least.\n`)
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/**
 * The sum of what the test files have counted, one number a line.
 * @param {string} file
 */
function killsIn(file) {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .reduce((sum, line) => sum + Number(line), 0)
  } catch {
    // No file was there to count anything.
    return 0
  }
}
