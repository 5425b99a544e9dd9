import { pbkdf2, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { makeSyntheticBackup } from '@holdfast/adapters/testing'
import { alternate, ratios, spread } from '../engine/passes.js'
import { printTable } from '../engine/table.js'
import { openEncrypted, password } from './open-encrypted.js'

/** Rounds of a real phone. */
const realIterations = 10_000_000
const derive = promisify(pbkdf2)

/** Opening an encrypted backup beside the two bare derivations, and what each does to the host's event loop. */
export async function measureUnlocking(folder: string, passes: number): Promise<void> {
  const { path } = await makeSyntheticBackup({
    into: join(folder, 'small'),
    seed: 1,
    messages: 20,
    attachments: 2,
    encryption: { password, iterations: realIterations },
  })
  const delays = { idle: [] as number[], bare: [] as number[], opened: [] as number[] }
  const seconds = await alternate(passes, {
    idle: () => watched(delays.idle, () => delay(4000)),
    bare: () =>
      watched(delays.bare, async () => {
        const first = await derive(password, randomBytes(20), realIterations, 32, 'sha256')
        await derive(first, randomBytes(20), 10_000, 32, 'sha1')
      }),
    opened: () => watched(delays.opened, async () => (await openEncrypted(path, folder)).close()),
  })
  const row = (label: string, name: 'idle' | 'bare' | 'opened'): readonly string[] => [
    label,
    `${spread(seconds[name], (value) => value.toFixed(2))} s`,
    name === 'idle' ? '' : spread(ratios(seconds[name], seconds.bare), (value) => value.toFixed(3)),
    // The first is of the warm-up, as in the other columns.
    `${spread(delays[name].slice(1), (value) => value.toFixed(1))} ms`,
  ]
  printTable(
    [
      `unlocking, median of ${passes} passes (least–most)`,
      'time',
      'time / bare',
      'longest delay of the loop',
    ],
    [
      row('floor: an idle loop', 'idle'),
      row('floor: the two bare PBKDF2', 'bare'),
      row('opening the backup, and closing it', 'opened'),
    ],
  )
}

/** Seconds that the work takes; notes the longest that a timer of the host would have waited meanwhile, in milliseconds. */
async function watched(delays: number[], work: () => Promise<unknown>): Promise<number> {
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  // A delay is what lies between two ticks of the monitor: without one before the work, what the work does at once goes unseen.
  await delay(20)
  loop.reset()
  const since = performance.now()
  await work()
  const seconds = (performance.now() - since) / 1000
  await delay(20)
  loop.disable()
  // The monitor's own timer is set for a millisecond, which is no delay.
  delays.push(Math.max(0, loop.max / 1e6 - 1))
  return seconds
}
