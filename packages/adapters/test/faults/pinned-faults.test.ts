import { describe, expect, it } from 'vitest'
import type { FaultAction } from './fault-control.js'
import type { FaultStory } from './fault-task.js'
import { compileFaults } from './fault-workshop.js'
import { problemsAt } from './judge.js'
import { useFaultBench } from './use-fault-bench.js'

/** What was wrong once: the call and its system code, and what the host is told now. */
const pinned: readonly {
  readonly claim: string
  readonly story: FaultStory
  readonly among: string
  readonly at: number
  readonly action: FaultAction
  readonly told: { readonly status: string; readonly code: string; readonly hint?: unknown }
}[] = [
  {
    claim:
      'a database of the backup that cannot be opened while its pages are checked is a backup that cannot be read',
    story: 'import',
    // The address book. It is opened for its header first, then for its pages, then by SQLite.
    among: '/backups/phone/31/31bb7ba8914766d4ba40d6dfb6113c8b614be442',
    at: 2,
    action: 'EACCES',
    told: { status: 'retryable', code: 'BACKUP_UNREADABLE' },
  },
  {
    claim:
      'a library that SQLite could only open for reading is to be opened again, for no retry over that connection helps',
    story: 'import',
    among: '/library/library.db',
    at: 1,
    action: 'EMFILE',
    told: { status: 'refused', code: 'JOURNAL_FAILED', hint: expect.stringContaining('open the app again') },
  },
]

const shim = compileFaults()
const bench = useFaultBench(shim)

describe.skipIf(typeof shim === 'string')('what a fault was told as something else once', () => {
  it.each(pinned)('$claim', { timeout: 60_000 }, async ({ story, among, at, action, told }) => {
    const [whole, disturbed] = await bench.try([
      { story, fault: null, ending: 'retry', stays: true },
      { story, fault: { at, action, lasts: false, among }, ending: 'retry', stays: true },
    ])
    if (whole === undefined || disturbed === undefined) throw new Error('nothing was tried')
    expect(disturbed.seen.hit).toContain(among)
    expect(disturbed.first.report?.story).toMatchObject(told)
    expect(problemsAt(disturbed, whole.end)).toEqual([])
  })
})
