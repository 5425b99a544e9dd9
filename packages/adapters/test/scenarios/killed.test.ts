import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noAnomalies } from '../../src/testing/index.js'
import { Program } from '../engine/children.js'
import { compileFaults } from '../faults/fault-workshop.js'
import { type Point, problemsAt } from '../faults/judge.js'
import { useFaultBench } from '../faults/use-fault-bench.js'
import { Workshop } from '../import-workshop.js'
import { fileNames } from '../library-fixture.js'

const shim = compileFaults()

/** Where the process of the app is killed, by SIGKILL; another one ends what it left. */
const places: readonly (Pick<Point, 'story' | 'fault' | 'dies'> & { readonly claim: string })[] = [
  { claim: 'between a copy and its row', story: 'import', fault: null, dies: 'copied' },
  { claim: 'between the last row and the verification', story: 'import', fault: null, dies: 'stored' },
  { claim: 'between the verification and the deletion', story: 'import', fault: null, dies: 'verified' },
  {
    claim: 'in the middle of the deletion',
    story: 'import',
    // Calls on the folder that the backup was renamed to, of which a dozen are still to come.
    fault: { at: 8, among: '/backups/.', action: 'killed before', lasts: false },
  },
  { claim: 'in the middle of taking it back', story: 'discard', fault: null, dies: 'half taken back' },
]

describe.skipIf(typeof shim === 'string')('8: an app that is killed', () => {
  const bench = useFaultBench(shim)

  it.each(places)(
    '$claim has the backup or its receipt, and the next one ends it: $story',
    async ({ claim: _, ...place }) => {
      const { story } = place
      const [whole, ...killed] = await bench.try([
        { story, fault: null, ending: 'retry', stays: true },
        { ...place, ending: 'retry', stays: false },
        { ...place, ending: 'discard', stays: false },
      ])
      if (whole === undefined) throw new Error('nothing was tried')
      expect(killed.map(({ first }) => first.killed)).toEqual([true, true])
      expect(killed.flatMap((tried) => problemsAt(tried, whole.end))).toEqual([])
    },
    120_000,
  )
})

describe('22: decrypted copies', () => {
  const password = 'Kl1ppfischer-Zoë-44'
  let workshop: Workshop
  let program: Program
  beforeEach(async () => {
    workshop = new Workshop()
    program = await Program.bundle('../scenarios/decrypting-child.ts')
  }, 60_000)
  afterEach(async () => {
    program.remove()
    await workshop.cleanUp()
  })

  it('that a killed app has left go when the next one opens the backup', async () => {
    const { path } = await workshop.makeBackup({ seed: 81, anomalies: noAnomalies, encryption: { password } })
    const scratch = join(workshop.folder, 'scratch')
    expect((await program.start({ path, scratch, password }).ended).killed).toBe(true)
    const left = fileNames(scratch)
    expect(left.filter((name) => !name.endsWith('.json')).length).toBeGreaterThan(0)
    const app = workshop.openApp()
    const run = await app.import({ path })
    if (run.view.getSnapshot().ask === null)
      await new Promise((resolve) => run.events.once('run.asked', resolve))
    expect(left.filter((name) => existsSync(join(scratch, name)))).toEqual([])
    await run.provide('password', password)
    expect((await run.outcome()).status).toBe('done')
    expect(readdirSync(scratch)).toEqual([])
  }, 60_000)
})
