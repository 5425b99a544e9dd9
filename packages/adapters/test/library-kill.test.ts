import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LibraryDump } from '@holdfast/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpLibrary, openLibrary } from './library-fixture.js'
import { firstImport, firstRecords, runImport, secondImport, secondRecords } from './library-scenario.js'

const batchSize = 60
/** How many points each test kills at, drawn from all of them; `HOLDFAST_KILL_POINTS=all` tries every one. */
const pointsWanted = process.env['HOLDFAST_KILL_POINTS'] ?? '10'
const child = fileURLToPath(new URL('library-child.ts', import.meta.url))

let base: string
let before: LibraryDump
let after: LibraryDump
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-kill-'))
  mkdirSync(join(base, 'first'))
  await inLibrary('first', (storage) => runImport(storage, firstImport, firstRecords(), batchSize))
  before = dumpLibrary(join(base, 'first'))
  cpSync(join(base, 'first'), join(base, 'second'), { recursive: true })
  await inLibrary('second', (storage) => runImport(storage, secondImport, secondRecords(), batchSize))
  after = dumpLibrary(join(base, 'second'))
}, 60_000)
afterAll(() => rmSync(base, { recursive: true }))

describe('a library whose process is killed at any call', () => {
  it('holds none or all of the import, and ends as an undisturbed one when the import goes on', async () => {
    await atManyPoints('first', 'import', 1, async (point) => {
      const seen = dumpLibrary(join(base, point)).records
      expect([before.records, after.records], point).toContainEqual(seen)
      await inLibrary(point, (storage) => runImport(storage, secondImport, secondRecords(), batchSize))
      expect(dumpLibrary(join(base, point)), point).toEqual(after)
    })
  })

  it('is as it was before when the killed import is discarded', async () => {
    await atManyPoints('first', 'import', 2, async (point) => {
      await inLibrary(point, (storage) => storage.discard(secondImport.id))
      expect(dumpLibrary(join(base, point)), point).toEqual(before)
    })
  })

  it('is as it was before when the killed discard goes on', async () => {
    await atManyPoints('second', 'discard', 3, async (point) => {
      const seen = dumpLibrary(join(base, point)).records
      expect([before.records, after.records], point).toContainEqual(seen)
      await inLibrary(point, (storage) => storage.discard(secondImport.id))
      expect(dumpLibrary(join(base, point)), point).toEqual(before)
    })
  })

  it('can be imported into again while a killed discard waits', async () => {
    await atManyPoints('second', 'discard', 4, async (point) => {
      await inLibrary(point, (storage) => runImport(storage, secondImport, secondRecords(), batchSize))
      expect(dumpLibrary(join(base, point)), point).toEqual(after)
    })
  })
}, 7_200_000)

/** Copies a library, lets a child work on the copy and kill itself, and calls `then` with the copy's name; for many points. */
async function atManyPoints(
  from: string,
  work: 'import' | 'discard',
  seed: number,
  then: (point: string) => Promise<void>,
): Promise<void> {
  const total = Number(await killed(from, work, 0, `${seed}-0`))
  expect(total).toBeGreaterThan(work === 'import' ? 200 : 50)
  const points = pointsWanted === 'all' ? range(total) : drawn(range(total), Number(pointsWanted), seed)
  await Promise.all(
    [0, 1].map(async (half) => {
      for (const call of points.filter((_, index) => index % 2 === half)) {
        const point = `${seed}-${call}`
        expect(await killed(from, work, call, point), `call ${call}, seed ${seed}`).toBeNull()
        await then(point)
        rmSync(join(base, point), { recursive: true })
      }
    }),
  )
  process.stdout.write(`  killed at ${points.length} of ${total} calls of ${work}, seed ${seed}\n`)
}

/** Runs the child on a copy of this name; what it printed, or null when it was killed as it should be. */
async function killed(from: string, work: string, call: number, point: string): Promise<string | null> {
  const folder = join(base, point)
  cpSync(join(base, from), folder, { recursive: true })
  const options = ['--import', 'tsx', '--conditions=@holdfast/source', child]
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...options, folder, work, String(call), String(batchSize)],
      // `--import tsx` is looked up from here.
      { cwd: dirname(child) },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else if (error.signal === 'SIGKILL') resolve(null)
        else reject(new Error(`the child failed at call ${call}: ${stderr}`))
      },
    )
  })
}

async function inLibrary(
  name: string,
  work: (storage: ReturnType<typeof openLibrary>['storage']) => Promise<void>,
): Promise<void> {
  const { db, storage } = openLibrary(join(base, name))
  try {
    await work(storage)
  } finally {
    db.close()
  }
}

function range(total: number): readonly number[] {
  return Array.from({ length: total }, (_, index) => index + 1)
}

/** `count` of the items, the same ones for the same seed. */
function drawn(items: readonly number[], count: number, seed: number): readonly number[] {
  const rest = [...items]
  const taken: number[] = []
  let state = seed
  while (taken.length < count && rest.length > 0) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    taken.push(...rest.splice(state % rest.length, 1))
  }
  return taken
}
