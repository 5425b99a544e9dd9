import { appendFileSync } from 'node:fs'

/** Whether this is the long suite, `npm run test:crash`, rather than the normal one. */
export const isLong = process.env['HOLDFAST_CRASH_SUITE'] === 'long'

/** What everything random here is drawn from; HOLDFAST_SEED repeats it. */
export const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000)

let kills = 0

/** A process was ended by SIGKILL. */
export function countKill(): void {
  kills += 1
}

/** Says how many processes of this test file were killed, to the reader and to the script that sums up. */
export function reportKills(): void {
  process.stdout.write(`  ${kills} processes were killed, seed ${seed}\n`)
  const tally = process.env['HOLDFAST_KILL_TALLY']
  if (tally !== undefined) appendFileSync(tally, `${kills}\n`)
}
