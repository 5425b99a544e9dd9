import { appendFileSync } from 'node:fs'

/** Whether this is the long suite, `npm run test:faults`, rather than the normal one. */
export const isLong = process.env['HOLDFAST_FAULT_SUITE'] === 'long'

/** Says how many points were tried, to the reader and to the script that sums up. */
export function reportPoints(what: string, points: number): void {
  process.stdout.write(`  ${points} points of ${what}\n`)
  const tally = process.env['HOLDFAST_FAULT_TALLY']
  if (tally !== undefined) appendFileSync(tally, `${points}\n`)
}
