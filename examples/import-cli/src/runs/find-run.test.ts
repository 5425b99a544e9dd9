import type { RunHeader, RunStatus } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { findRun, findUnfinished, shortId } from './find-run.js'

function run(id: string, status: RunStatus = 'retryable'): RunHeader {
  const identity = { id, saga: 's', version: 1, key: id, owner: '', resources: [], startedAt: 0 }
  return {
    ...identity,
    status,
    step: 'store',
    error: null,
    open: false,
    wakeAt: null,
    updatedAt: 0,
    entries: 1,
  }
}

const runs = [run('aaaa0000-1'), run('aaaa0000-2'), run('bbbb'), run('bbbbcc', 'done')]

describe('finding a run', () => {
  it('takes a whole id, a beginning that one run has, or `last`', () => {
    expect(findRun(runs, 'aaaa0000-2').id).toBe('aaaa0000-2')
    expect(findRun(runs, 'bbbbc').id).toBe('bbbbcc')
    expect(findRun(runs, 'last').id).toBe('bbbbcc')
  })

  it('takes a whole id even where it is the beginning of another', () => {
    expect(findRun(runs, 'bbbb').id).toBe('bbbb')
  })

  it('refuses what several runs begin with, or none, and names the runs that there are', () => {
    expect(() => findRun(runs, 'aaaa')).toThrow(/2 runs begin with/)
    expect(() => findRun(runs, 'zz')).toThrow(/no run/)
    expect(() => findRun([], 'last')).toThrow(/no run/)
  })

  it('without a word, or by `last`, goes on with the last unfinished one, else shows the last one', () => {
    for (const word of [undefined, 'last']) {
      expect(findUnfinished(runs, word).id).toBe('bbbb')
      expect(findUnfinished([run('x', 'done'), run('y', 'discarded')], word).id).toBe('y')
      expect(() => findUnfinished([], word)).toThrow(/no run/)
    }
    expect(findUnfinished(runs, 'bbbbcc').id).toBe('bbbbcc')
  })

  it('shortens an id only as far as it stays the only one', () => {
    expect(shortId('0123456789abcdef', runs)).toBe('01234567')
    expect(shortId('aaaa0000-1', runs)).toBe('aaaa0000-1')
  })
})
