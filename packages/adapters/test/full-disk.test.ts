import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { Random } from '../src/testing/synthetic-backup/random.js'
import { DiskWatch } from './engine/watched-disk.js'
import type { FullDiskPlan, FullDiskReport } from './full-disk/plan.js'
import { SmallDisk } from './full-disk/small-disk.js'

const isLong = process.env['HOLDFAST_FULL_DISK_SUITE'] === 'long'
const seed = process.env['HOLDFAST_SEED'] ?? '1'
const step = isLong ? 1 : 23
const first = new Random(`full disk ${seed}`).integer(1, step)
const child = fileURLToPath(new URL('full-disk/fill-at-every-write.ts', import.meta.url))

const disk = SmallDisk.make()
const watch = typeof disk === 'string' ? disk : DiskWatch.compile()
const elsewhere = mkdtempSync(join(tmpdir(), 'holdfast-full-disk-'))
afterAll(() => {
  rmSync(elsewhere, { recursive: true, force: true })
  if (typeof watch === 'string') process.stdout.write(`  no disk was filled: ${watch}\n`)
  else watch.remove()
  if (typeof disk !== 'string') disk.remove()
})

describe.skipIf(typeof watch === 'string')(`a real disk that is full (seed ${seed})`, () => {
  it('at any write of an import loses nothing, shows nothing half-done, and a retry with room gives the same library', {
    timeout: 3_600_000,
  }, async () => {
    if (typeof disk === 'string' || typeof watch === 'string') throw new Error('skipped above')
    const plan: FullDiskPlan = {
      disk: disk.folder,
      elsewhere,
      first,
      step,
      // Nothing; a page, so that the next write may just fit; some pages, so that a write ends half-way.
      left: isLong ? [0, 4096, 5 * 4096] : [0],
    }
    const output = await disk.run(
      '12m',
      [process.execPath, '--import', 'tsx', '--conditions=@holdfast/source', child],
      {
        ...watch.environment({ disk: disk.folder, folder: elsewhere }, null),
        HOLDFAST_FULL_DISK_PLAN: JSON.stringify(plan),
      },
    )
    // What the child wrote is a FullDiskReport.
    const { points, calls, ends, faults } = JSON.parse(output) as FullDiskReport
    process.stdout.write(
      `  filled ${points} times before one of ${calls} writes; the imports ended ${JSON.stringify(ends)}\n`,
    )
    expect(faults).toEqual([])
    expect(points * step).toBeGreaterThan(200)
  })
})
