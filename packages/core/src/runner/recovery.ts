import { type ErrorReport, HoldfastError, reportError, toHoldfastError } from '../errors/holdfast-error.js'
import type { ClaimResult, Journal, RunHeader } from '../journal/journal.js'
import type { AnySaga } from '../machine/define-saga.js'
import type { Clock } from '../time/clock.js'
import type { DriverRegistry } from './driver-registry.js'
import { refusedError } from './lease-errors.js'
import type { Pace } from './pace.js'
import { requireVersion, restoreRun } from './restore-run.js'
import { type Run, runOf } from './run.js'
import { type DriverShared, RunDriver } from './run-driver.js'

/** What `recover` found. */
export interface Recovery {
  /** Runs that go on, or are attached and wait for their own time. */
  readonly resumed: readonly Run[]
  /** Runs that cannot go on here, with the reason; nothing of them was changed. */
  readonly setAside: readonly { readonly run: string; readonly error: ErrorReport }[]
  /** Ids of runs that another living process drives. */
  readonly elsewhere: readonly string[]
}

/** What {@link createRecovery} needs of its runner. */
export interface RecoveryParts {
  readonly journal: Journal
  readonly clock: Clock
  readonly drivers: DriverRegistry
  readonly sagaNamed: (name: string) => AnySaga
  readonly shared: DriverShared
  /** Spreads what begins over turns of the event loop. */
  readonly pace: Pace
}

/**
 * Runs that are taken over in one transaction: few enough that the process is not blocked for long, many enough to share a flush. The
 * first ones are fewer, because code that has not run yet is ten times as slow.
 */
const batch = { first: 4, most: 16 }

/** Milliseconds of work after which the process gets its turn. */
const longestStretch = 3

/** Runs that are listed at once: a journal may have to look at all that are unattended for each such list. */
const listed = 128

/**
 * Takes over what a crash left, in batches; one run that cannot be recovered does not keep the others from it. What they have
 * outstanding begins when all of them are taken over: the first ones at work would slow down the rest.
 */
export function createRecovery({ journal, clock, drivers, sagaNamed, shared, pace }: RecoveryParts) {
  const recoverOne = async (header: RunHeader, claimed: ClaimResult, since: number): Promise<RunDriver> => {
    if (!claimed.ok) {
      if (claimed.problem === 'unreadable') throw claimed.error
      throw refusedError(header.id, claimed)
    }
    const { generation, record } = claimed
    try {
      const saga = sagaNamed(header.saga)
      const state = await restoreRun(saga, record, journal)
      const driver = drivers.get(header.id) ?? new RunDriver(saga, state, shared)
      await driver.attach(state, record, { generation, since, begin: 'later' })
      return driver
    } catch (error) {
      await shared.commit.write({ kind: 'release', run: header.id, generation })
      throw error
    }
  }

  const attachParked = async ({ id, saga: name }: RunHeader): Promise<RunDriver> => {
    const saga = sagaNamed(name)
    const state = await restoreRun(saga, await journal.load(id), journal)
    const driver = drivers.get(id) ?? new RunDriver(saga, state, shared)
    await driver.armParked(state)
    return driver
  }

  /** Takes over what there is to take over; adds to `taken` the drivers of what holds a lease now. */
  const takeAll = async (taken: RunDriver[]): Promise<Recovery> => {
    const resumed: Run[] = []
    const setAside: { run: string; error: ErrorReport }[] = []
    const elsewhere: string[] = []
    const attempt = async (run: string, recovering: () => Promise<RunDriver>): Promise<void> => {
      try {
        resumed.push(runOf(await recovering()))
      } catch (thrown) {
        const error = toHoldfastError(thrown, 'JOURNAL_FAILED')
        if (error.code === 'LEASE_HELD') elsewhere.push(run)
        else setAside.push({ run, error: reportError(error) })
      }
    }
    const known = (header: RunHeader): boolean => {
      try {
        requireVersion(sagaNamed(header.saga), header)
        return true
      } catch (error) {
        setAside.push({ run: header.id, error: reportError(error) })
        return false
      }
    }

    const takeBatch = async (headers: readonly RunHeader[]): Promise<void> => {
      const mine = headers.filter((header) => drivers.get(header.id)?.isBusy !== true && known(header))
      const open = mine.filter((header) => header.open)
      const since = clock.now()
      const claims = open.length === 0 ? [] : await journal.claim(open.map(({ id }) => id))
      // Writing the claims waited for the disk; reading the runs is work of its own.
      await journal.ready?.()
      let turnAt = clock.now()
      for (const [index, header] of open.entries()) {
        const claimed = claims[index]
        if (claimed === undefined)
          throw new HoldfastError('JOURNAL_FAILED', 'The journal answered fewer claims than it was asked')
        if (clock.now() - turnAt >= longestStretch) {
          await journal.ready?.()
          turnAt = clock.now()
        }
        await attempt(header.id, async () => {
          const driver = await recoverOne(header, claimed, since)
          taken.push(driver)
          return driver
        })
      }
      for (const header of mine) if (!header.open) await attempt(header.id, () => attachParked(header))
    }

    let after: string | undefined
    let size = batch.first
    for (;;) {
      await journal.ready?.()
      // What is not taken over yet is left to the next recovery.
      if (shared.closed() !== null) return { resumed, setAside, elsewhere }
      const page = await journal.runs({
        unattended: true,
        limit: listed,
        ...(after === undefined ? {} : { after }),
      })
      after = page.at(-1)?.id
      if (after === undefined) return { resumed, setAside, elsewhere }
      for (let first = 0; first < page.length && shared.closed() === null; ) {
        await journal.ready?.()
        await takeBatch(page.slice(first, first + size))
        first += size
        size = Math.min(2 * size, batch.most)
      }
    }
  }

  const recover = async (): Promise<Recovery> => {
    const taken: RunDriver[] = []
    try {
      return await takeAll(taken)
    } finally {
      void beginAll(taken)
    }
  }

  /** Lets the runs begin one after the other: ten thousand of them at once would block the process by their promises alone. */
  const beginAll = async (taken: readonly RunDriver[]): Promise<void> => {
    for (const driver of taken) {
      // A journal that fails here fails each run at its own next write, where it is told.
      await pace.next().catch(() => {})
      driver.goOn()
    }
  }

  /** One recovery at a time: another one that is asked for meanwhile comes after it. */
  let ended: Promise<unknown> = Promise.resolve()
  return {
    recover: (): Promise<Recovery> => {
      const recovery = ended.then(recover)
      ended = recovery.catch(() => {})
      return recovery
    },
    /** Resolves when no recovery is under way: whoever opens a run meanwhile would make a second driver of it. */
    get ended(): Promise<unknown> {
      return ended
    },
  }
}
