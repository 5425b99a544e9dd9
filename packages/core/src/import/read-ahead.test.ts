import { describe, expect, it } from 'vitest'
import { readAhead, withFollowing } from './read-ahead.js'

/** Numbers from 1, one a turn of the event loop; notes what happens. The one after `last` fails. */
async function* numbers(log: string[], last: number): AsyncGenerator<number> {
  try {
    for (let each = 1; each <= last; each++) {
      log.push(`read ${each}`)
      await new Promise(setImmediate)
      yield each
    }
    throw new Error('no more')
  } finally {
    log.push('closed')
  }
}

describe('reading ahead', () => {
  it('reads one item while the caller works at the one before, and no further', async () => {
    const log: string[] = []
    const given: number[] = []
    for await (const each of readAhead(numbers(log, 9))) {
      given.push(each)
      for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
      expect(log.at(-1)).toBe(`read ${each + 1}`)
      if (each === 5) break
    }
    expect(given).toEqual([1, 2, 3, 4, 5])
  })

  it('tells a failure only behind all that came before it', async () => {
    const given: number[] = []
    const all = async (): Promise<void> => {
      for await (const each of readAhead(numbers([], 3))) {
        for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
        given.push(each)
      }
    }
    await expect(all()).rejects.toThrow('no more')
    expect(given).toEqual([1, 2, 3])
  })

  it.each(['stops', 'fails'])('has ended what is being read when the caller %s', async (how) => {
    const log: string[] = []
    const some = async (): Promise<string> => {
      for await (const each of readAhead(numbers(log, 9))) {
        if (each === 2 && how === 'fails') throw new Error('fails')
        if (each === 2) return 'stops'
      }
      return 'neither'
    }
    expect(await some().catch((thrown: unknown) => String(thrown))).toContain(how)
    expect(log).toEqual(['read 1', 'read 2', 'read 3', 'closed'])
  })

  it('gives with each item the one that follows, null behind the last, and a failure as what it is', async () => {
    const given: unknown[] = []
    const all = async (): Promise<void> => {
      for await (const { item, following } of withFollowing(numbers([], 2)))
        given.push([item, await following.catch(String)])
    }
    await expect(all()).rejects.toThrow('no more')
    expect(given).toEqual([
      [1, 2],
      [2, 'Error: no more'],
    ])
    async function* one(): AsyncGenerator<number> {
      yield 7
    }
    for await (const { following } of withFollowing(one())) expect(await following).toBeNull()
  })
})
