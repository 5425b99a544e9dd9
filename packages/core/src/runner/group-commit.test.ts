import { expect, it } from 'vitest'
import type { Journal, JournalWrite } from '../journal/journal.js'
import { memoryJournal } from '../journal/memory-journal.js'
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
  const commit = new GroupCommit(journal, () => false)
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

it('holds nothing up when a commit fails', async () => {
  const journal: Journal = { ...memoryJournal(), commit: () => Promise.reject(new Error('the disk is gone')) }
  const commit = new GroupCommit(journal, () => false)
  const writes = Array.from({ length: 100 }, () => commit.write(write))
  const outcomes = Promise.allSettled(writes)
  await commit.nextTurn()
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true)
})
