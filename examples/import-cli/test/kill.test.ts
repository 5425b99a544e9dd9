import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSyntheticBackup, noAnomalies } from '@holdfast/adapters/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, libraryContent, program, query, report, start, treeOf } from './program.js'

const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 100_000)
const points = Number(process.env['HOLDFAST_KILLS'] ?? 50)

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe(`kill -9 of an import at any moment, then retry (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  let folder: string
  let original: string
  let undisturbed: ReturnType<typeof libraryContent>
  /** Milliseconds of a whole run of the program. */
  let life: number

  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-kill-'))
    const options = {
      into: join(folder, 'original'),
      seed,
      messages: 400,
      attachments: 40,
      anomalies: noAnomalies,
    }
    original = (await makeSyntheticBackup(options)).path
    const { backup, into } = place('undisturbed')
    const started = performance.now()
    const done = await report('import', '--backup', backup, '--into', into, '--cleanup', 'delete')
    life = performance.now() - started
    if (done.status !== 0) throw new Error(done.stderr)
    undisturbed = libraryContent(into)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function place(name: string): { backup: string; into: string } {
    const backup = join(folder, name, 'backup')
    cpSync(original, backup, { recursive: true })
    return { backup, into: join(folder, name, 'library') }
  }

  /** The one invariant above all: the backup is gone only if a valid receipt for it exists. */
  function expectBackupOrReceipt(backup: string, into: string, when: string): void {
    if (existsSync(join(backup, 'Manifest.db'))) return
    expect(
      query(into, 'SELECT id FROM imports'),
      `${when}: the backup is gone, so there is a receipt`,
    ).toHaveLength(1)
  }

  it(`ends in the library of an undisturbed run, at ${points} moments`, { timeout: 600_000 }, async () => {
    const random = randomFrom(seed)
    const states = new Map<string, number>()
    for (let point = 0; point < points; point++) {
      const { backup, into } = place(`point-${point}`)
      const words = ['import', '--backup', backup, '--into', into, '--cleanup', 'delete'] as const
      // One moment in each fiftieth of the program's life, and now and then a second kill during the retry.
      const delay = ((point + random()) / points) * life * 1.05
      const when = `seed ${seed}, killed after ${Math.round(delay)} of ${Math.round(life)} ms`
      const first = start(...words)
      await killAfter(first, delay)
      const state = stateOf(into)
      states.set(state, (states.get(state) ?? 0) + 1)
      expectBackupOrReceipt(backup, into, when)

      if (point % 5 === 4) {
        const second = start('retry', '--into', into)
        await killAfter(second, random() * life)
        expectBackupOrReceipt(backup, into, `${when}, and again during the retry`)
      }
      // Killed before its first entry there is no run to go on with: then the user imports again.
      const ended = state === 'no run' ? await program(...words) : await program('retry', '--into', into)
      expect(ended.status, `${when} (${state}):\n${ended.stderr}${ended.stdout}`).toBe(0)
      expect(libraryContent(into), when).toEqual(undisturbed)
      expect(treeOf(backup), when).toEqual([])
      expect(query(into, "SELECT status FROM holdfast_runs WHERE status <> 'done'"), when).toEqual([])
      rmSync(join(folder, `point-${point}`), { recursive: true })
    }
    // The moments did hit different stages, or the test would prove less than it says.
    expect([...states.keys()].length, JSON.stringify([...states])).toBeGreaterThan(3)
  })

  /** Where the journal says that a killed run was. */
  function stateOf(into: string): string {
    if (!existsSync(join(into, 'library.db'))) return 'no run'
    const hasRuns = query(into, "SELECT 1 FROM sqlite_schema WHERE name = 'holdfast_runs'").length > 0
    const [run] = hasRuns
      ? (query(into, 'SELECT status, step FROM holdfast_runs') as { status: string; step: string }[])
      : []
    return run === undefined ? 'no run' : `${run.status} ${run.step}`
  }
})

async function killAfter(started: ReturnType<typeof start>, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => started.child.kill('SIGKILL'), milliseconds)
  await started.ended
  clearTimeout(timer)
}
