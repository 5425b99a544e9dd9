import { expect, it } from 'vitest'
import type { Journal, JournalWrite } from '../journal/journal.js'
import { memoryJournal } from '../journal/memory-journal.js'
import { systemClock } from '../time/clock.js'
import { GroupCommit } from './group-commit.js'

const write: JournalWrite = { kind: 'release', run: 'nobody', generation: 1 }

/** A journal whose commits end when the test says so, and the sizes of those that were begun. */
function held(): { readonly journal: Journal; readonly sizes: number[]; readonly end: () => void } {
  const sizes: number[] = []
  const ends: (() => void)[] = []
  const journal: Journal = {
    ...memoryJournal(),
    commit: async (writes) => {
      sizes.push(writes.length)
      await new Promise<void>((resolve) => ends.push(resolve))
      return writes.map(() => ({ ok: true, generation: 1 }))
    },
  }
  return { journal, sizes, end: () => ends.shift()?.() }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('lets nothing begin while more writes wait than a commit takes', async () => {
  const { journal, sizes, end } = held()
  const commit = new GroupCommit(journal, systemClock, () => false)
  const writes = Array.from({ length: 200 }, () => commit.write(write))
  await settle()
  expect(sizes).toEqual([64])

  let mayBegin = false
  const turn = commit.nextTurn().then(() => {
    mayBegin = true
  })
  end()
  await settle()
  end()
  await settle()
  // 72 wait: a group goes to the journal, and the rest of them is no whole one.
  expect([sizes, mayBegin]).toEqual([[64, 64, 64], false])
  end()
  await settle()
  expect([sizes, mayBegin]).toEqual([[64, 64, 64, 8], true])
  end()
  await Promise.all([...writes, turn])
})

it('lets the rest of the process have its turn while one run writes without end: at once on a slow disk, and now and then on a fast one', async () => {
  const turnsOf = async (commitTakes: number): Promise<number> => {
    let now = 1_000_000
    let turns = 0
    const journal: Journal = {
      ...memoryJournal(),
      ready: async () => {
        turns += 1
      },
      commit: async (writes) => {
        now += commitTakes
        return writes.map(() => ({ ok: true, generation: 1 }))
      },
    }
    const commit = new GroupCommit(journal, { ...systemClock, now: () => now }, () => true)
    for (let written = 0; written < 130; written++) await commit.write(write)
    return turns
  }
  // After each, and before the first.
  expect(await turnsOf(20)).toBe(131)
  expect(await turnsOf(1)).toBe(44)
  expect(await turnsOf(0)).toBe(2)
})

it('answers a few writes of a group in one turn of the process, and the others in the next ones', async () => {
  let turn = 0
  const journal: Journal = {
    ...memoryJournal(),
    ready: async () => {
      await settle()
      turn += 1
    },
    commit: async (writes) => writes.map(() => ({ ok: true, generation: 1 })),
  }
  const commit = new GroupCommit(journal, { ...systemClock, now: () => 1_000_000 }, () => false)
  const answeredIn: number[] = []
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      await commit.write(write)
      answeredIn.push(turn)
    }),
  )
  const first = answeredIn[0] ?? Number.NaN
  const each = (length: number, inTurn: number): number[] => Array.from({ length }, () => inTurn)
  expect(answeredIn).toEqual([...each(16, first), ...each(16, first + 1), ...each(8, first + 2)])
})

it('holds nothing up when a commit fails', async () => {
  const journal: Journal = { ...memoryJournal(), commit: () => Promise.reject(new Error('the disk is gone')) }
  const commit = new GroupCommit(journal, systemClock, () => false)
  const writes = Array.from({ length: 100 }, () => commit.write(write))
  const outcomes = Promise.allSettled(writes)
  await commit.nextTurn()
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true)
})
