import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSyntheticBackup, noAnomalies } from '@holdfast/adapters/testing'
import { parseReceipt } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, libraryContent, program, query, start } from './program.js'

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

const steps = ['extract', 'store', 'verify', 'cleanup'] as const

describe(`kill -9 of an import at any moment, then retry (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  let folder: string
  let original: string
  let undisturbed: ReturnType<typeof libraryContent>
  /** Milliseconds of a whole run of the program. */
  let life: number
  /** Milliseconds at which each step began, and the end. */
  let begins: readonly number[]

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
    const since = performance.now()
    const run = start('import', '--backup', backup, '--into', into, '--cleanup', 'delete')
    const marks: number[] = []
    for (const step of steps) {
      await run.says(`${step}: started`)
      marks.push(performance.now() - since)
    }
    const done = await run.ended
    life = performance.now() - since
    begins = [...marks, life]
    if (done.status !== 0) throw new Error(done.stderr)
    undisturbed = libraryContent(into)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** How long a step took undisturbed, in milliseconds. */
  function stepTime(step: (typeof steps)[number]): number {
    const at = steps.indexOf(step)
    return (begins[at + 1] ?? 0) - (begins[at] ?? 0)
  }

  function place(name: string): { backup: string; into: string } {
    const backup = join(folder, name, 'backup')
    cpSync(original, backup, { recursive: true })
    return { backup, into: join(folder, name, 'library') }
  }

  /** The one invariant above all: the backup is gone only if a valid receipt for it exists. */
  async function expectBackupOrReceipt(backup: string, into: string, when: string): Promise<void> {
    if (existsSync(join(backup, 'Manifest.db'))) return
    const receipts = query(into, 'SELECT receipt FROM imports') as { receipt: string }[]
    expect(receipts, `${when}: the backup is gone, so there is a receipt`).toHaveLength(1)
    // Throws unless the receipt's seal fits.
    for (const { receipt } of receipts) await parseReceipt(JSON.parse(receipt))
  }

  it(`ends in the library of an undisturbed run, at ${points} moments`, { timeout: 600_000 }, async () => {
    const random = randomFrom(seed)
    const states = new Map<string, number>()
    for (let point = 0; point < points; point++) {
      const { backup, into } = place(`point-${point}`)
      const words = ['import', '--backup', backup, '--into', into, '--cleanup', 'delete'] as const
      // Every other moment is one of the program's whole life, in turn; the others lie within a step, each step in its turn.
      const step = point % 2 === 0 ? null : (steps[((point - 1) / 2) % steps.length] ?? null)
      const delay = step === null ? ((point + random()) / points) * life * 1.05 : random() * stepTime(step)
      const when = `seed ${seed}, killed after ${Math.round(delay)} ms of ${step ?? `all ${Math.round(life)}`}`
      const first = start(...words)
      if (step !== null) await first.says(`${step}: started`)
      await killAfter(first, delay)
      const state = stateOf(into)
      states.set(state, (states.get(state) ?? 0) + 1)
      await expectBackupOrReceipt(backup, into, when)

      if (point % 5 === 4) {
        const second = start('retry', '--into', into)
        await killAfter(second, random() * life)
        await expectBackupOrReceipt(backup, into, `${when}, and again during the retry`)
      }
      // Killed before its first entry there is no run to go on with: then the user imports again.
      const ended = state === 'no run' ? await program(...words) : await program('retry', '--into', into)
      expect(ended.status, `${when} (${state}):\n${ended.stderr}${ended.stdout}`).toBe(0)
      expect(libraryContent(into), when).toEqual(undisturbed)
      // Nothing is left of the backup, not even under another name, and of the kill neither.
      expect(readdirSync(join(backup, '..')), when).toEqual(['library'])
      const left = readdirSync(into).filter((name) => !name.startsWith('library.db'))
      expect(left, when).toEqual(['attachments'])
      expect(
        readdirSync(join(into, 'attachments')).filter((name) => name.startsWith('.')),
        when,
      ).toEqual([])
      expect(query(into, 'SELECT * FROM holdfast_live'), when).toEqual([])
      expect(query(into, lastState), when).toMatchObject([{ status: 'done' }])
      rmSync(join(folder, `point-${point}`), { recursive: true })
    }
    // The moments did hit different stages, or the test would prove less than it says.
    expect([...states.keys()].length, JSON.stringify([...states])).toBeGreaterThan(4)
  })

  // The last entry of a run says where it is; the first one lies in the row of the run itself.
  const lastState = `SELECT coalesce(last.status, run.status) AS status, coalesce(last.step, run.step) AS step
    FROM holdfast_runs AS run LEFT JOIN holdfast_entries AS last
      ON last.place = (SELECT max(place) FROM holdfast_entries WHERE run = run.n)`

  /** Where the journal says that a killed run was. */
  function stateOf(into: string): string {
    if (!existsSync(join(into, 'library.db'))) return 'no run'
    const hasRuns = query(into, "SELECT 1 FROM sqlite_schema WHERE name = 'holdfast_runs'").length > 0
    const [run] = hasRuns ? (query(into, lastState) as { status: string; step: string }[]) : []
    return run === undefined ? 'no run' : `${run.status} ${run.step}`
  }
})

async function killAfter(started: ReturnType<typeof start>, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => started.child.kill('SIGKILL'), milliseconds)
  await started.ended
  clearTimeout(timer)
}
