import { HoldfastError } from '../errors/holdfast-error.js'
import { type InspectionObserver, type InspectOptions, inspectRuns } from '../inspect/inspect-option.js'
import type { ReportOptions, RunReport } from '../inspect/run-report.js'
import type { Entry } from '../journal/entry.js'
import type { Journal, RunFilter, RunHeader, RunIdentity, WriteResult } from '../journal/journal.js'
import type { JsonObject } from '../json/json.js'
import { canonicalJson, toJson } from '../json/json.js'
import type { AnySaga } from '../machine/define-saga.js'
import { checkOptions, type OptionRule, rule } from '../options/check-options.js'
import { type Clock, systemClock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'
import { DriverRegistry } from './driver-registry.js'
import { GroupCommit } from './group-commit.js'
import { refusedError } from './lease-errors.js'
import { LeaseKeeper } from './lease-keeper.js'
import { Pace } from './pace.js'
import { createRecovery, type Recovery } from './recovery.js'
import { reportRun } from './report-run.js'
import { restoreRun } from './restore-run.js'
import { type Run, runOf } from './run.js'
import { type DriverShared, RunDriver } from './run-driver.js'
import { newRunId } from './run-id.js'
import { applyEntry, summarise } from './run-state.js'
import { checkStartOptions, type StartOptions } from './start-options.js'
import { type BeginResult, StartQueue } from './start-queue.js'

/** Options of {@link createRunner}. */
export interface RunnerOptions {
  readonly journal: Journal
  /** The sagas that this runner can start and recover. */
  readonly sagas: readonly AnySaga[]
  /** @default the system's clock */
  readonly clock?: Clock
  /** Makes ids of runs. @default UUIDs of version 7, which sort by age */
  readonly newId?: () => string
  /** Least milliseconds between two notifications of a run's progress. @default 100 */
  readonly progressInterval?: number
  /** Entries after which the state of a run is written down anew, so that taking it over need not fold all of them. @default 64 */
  readonly snapshotEvery?: number
  /** Told what a listener of the host's own threw. @default console.error */
  readonly onListenerError?: (error: unknown) => void
  /**
   * Takes XState's inspection events of every run that this runner starts, recovers or opens: an observer or a function, such as the
   * `inspect` of an inspector of `@statelyai/inspect`. It sees redacted values. @default nobody, at no cost
   */
  readonly inspect?: InspectionObserver | InspectOptions
}

/** The durable runner: drives sagas by their journal. */
export interface Runner {
  /**
   * Starts a run; with a key that is under way it joins that run, or does as `whenUnderWay` says. Durable when it resolves.
   *
   * @throws HoldfastError `SAGA_UNKNOWN`, `NOT_SERIALIZABLE`, `RUN_UNDER_WAY` (same key, and another input, saga or owner, or `reject`),
   *   `LEASE_HELD` (another run has a resource, unless it queues), `START_GIVEN_UP`, `OPTION_UNKNOWN`, `OPTION_INVALID`,
   *   `RUNNER_CLOSED`, `JOURNAL_FAILED`, and what the saga's own check of the input throws.
   */
  start(
    saga: string | { readonly definition: { readonly name: string } },
    input: unknown,
    options?: StartOptions,
  ): Promise<Run>
  /** Goes on with everything that a crash left. One run that cannot be recovered does not keep the others from it. */
  recover(): Promise<Recovery>
  /**
   * The run with this id, whatever its state.
   *
   * @throws HoldfastError `RUN_UNKNOWN`, `SAGA_UNKNOWN`, `JOURNAL_DAMAGED`.
   */
  open(run: string): Promise<Run>
  /**
   * Runs in the journal, oldest first.
   *
   * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `JOURNAL_FAILED`.
   */
  runs(filter?: RunFilter): Promise<readonly RunHeader[]>
  /** Everything that happened to a run, from its journal. */
  history(run: string): Promise<readonly Entry[]>
  /**
   * All that the journal tells of a run, for support: its state, steps with the times of every attempt, entries, errors. Redacted, also
   * where the run itself cannot be read; {@link reportText} makes it text.
   *
   * @throws HoldfastError `RUN_UNKNOWN`, `JOURNAL_FAILED`.
   */
  report(run: string, options?: ReportOptions): Promise<RunReport>
  /** Tells that a resource went away: fails the steps at work that need it, and no others. */
  lose(resource: string): void
  /**
   * Looks at the clock at once: what became due while the machine slept happens now instead of within a minute, and leases are
   * renewed. For the host's notice that the machine woke, such as Electron's `powerMonitor` event `resume`; never needed.
   */
  wake(): void
  /**
   * Forgets runs that have ended, and says how many. It goes by what they mean: the last run of a key that was done stays whatever
   * its age, because it holds the last receipt of its source; so does everything that waits, works or owes a hook.
   */
  compact(options?: {
    /** Least age of what is forgotten, in milliseconds since its last entry. @default 0 */
    readonly olderThan?: number
  }): Promise<number>
  /**
   * Parks what is at work and closes the journal. What has not stopped by the deadline is left as after a crash, for `recover()`,
   * and keeps its lease until that runs out: a step should heed its signal. From the call on nothing begins any more: starts and retries
   * are refused with `RUNNER_CLOSED`, timers wait for `recover()`, and so does a hook that has failed. Called again it gives the same promise.
   */
  shutdown(options?: { readonly deadline?: number }): Promise<void>
}

const runnerRules = {
  journal: rule.object,
  sagas: { must: 'be an array of sagas', test: (value: unknown) => Array.isArray(value) && value.length > 0 },
  clock: rule.object,
  newId: rule.function,
  progressInterval: rule.positive,
  snapshotEvery: rule.positive,
  onListenerError: rule.function,
  inspect: rule.any,
}
/** Text of which also none is said, as an owner is. */
const anyText = { must: 'be a string', test: (value: unknown) => typeof value === 'string' }
const filterRules: Readonly<Record<keyof RunFilter, OptionRule>> = {
  id: anyText,
  status: rule.strings,
  saga: anyText,
  key: anyText,
  owner: anyText,
  unattended: rule.boolean,
  after: anyText,
  limit: rule.count,
}
const compactRules = { olderThan: rule.duration }
const shutdownRules = { deadline: rule.positive }

/** Milliseconds that `shutdown` waits for steps to end. */
const defaultDeadline = 10_000

/**
 * Makes a runner. Nothing happens until `recover` or `start` is called.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SAGA_INVALID` for two sagas of one name.
 *
 * @example
 * const runner = createRunner({ journal: sqliteJournal(db), sagas: [archive] })
 * await runner.recover()
 * const run = await runner.start(archive, { folder }, { owner: userId })
 * const outcome = await run.outcome()
 */
export function createRunner(options: RunnerOptions): Runner {
  checkOptions('createRunner', options, runnerRules, ['journal', 'sagas'])
  const { journal, clock = systemClock } = options
  const newId = options.newId ?? (() => newRunId(clock.now()))
  const sagas = new Map<string, AnySaga>()
  for (const saga of options.sagas) {
    const { name } = saga.definition
    if (sagas.has(name))
      throw new HoldfastError('SAGA_INVALID', `there are two sagas named '${name}'`, { retryable: false })
    sagas.set(name, saga)
  }
  const drivers = new DriverRegistry()
  const leases = new LeaseKeeper(journal, clock)
  let closed: HoldfastError | null = null
  let shuttingDown: Promise<void> | null = null
  let compacting: Promise<unknown> = Promise.resolve()
  /** What is about to take a lease. */
  const taking = new Set<Promise<unknown>>()
  const onTaking = (one: Promise<unknown>): void => {
    taking.add(one)
    const taken = (): void => void taking.delete(one)
    one.then(taken, taken)
  }
  const tellListenerError = options.onListenerError ?? reportToConsole
  const onListenerError = (error: unknown): void => {
    try {
      tellListenerError(error)
    } catch (thrown) {
      reportToConsole(thrown)
    }
  }
  const shared: DriverShared = {
    journal,
    commit: new GroupCommit(journal, clock, () => drivers.busyCount <= 1),
    clock,
    progressInterval: options.progressInterval ?? 100,
    snapshotEvery: options.snapshotEvery ?? 64,
    onListenerError,
    inspect: options.inspect === undefined ? null : inspectRuns(options.inspect, onListenerError),
    onLease: (driver) => {
      leases.update(driver)
      drivers.update(driver)
      if (driver.generation === null) queue.freed(driver.run.id)
    },
    onHooks: (driver) => queue.freed(driver.run.id),
    closed: () => closed,
    onTaking,
  }
  const queue = new StartQueue((run, look) => {
    const { leaseDuration } = journal
    const isDrivenHere = (drivers.get(run)?.generation ?? null) !== null
    if (isDrivenHere) return () => {}
    // What another process does is not seen here: by then its lease could have ended, or the run.
    return atDeadline(clock, clock.now() + leaseDuration, look, leaseDuration)
  })

  const refuseClosed = (): void => {
    if (closed !== null) throw closed
  }
  const sagaNamed = (name: string): AnySaga => {
    const saga = sagas.get(name)
    if (saga !== undefined) return saga
    throw new HoldfastError('SAGA_UNKNOWN', `This runner has no saga '${name}'`, {
      hint: `It has: ${[...sagas.keys()].join(', ')}.`,
      retryable: false,
    })
  }
  const load = async (id: string): Promise<RunDriver> => {
    const known = drivers.get(id)
    if (known !== undefined) return known
    const record = await journal.load(id)
    const saga = sagaNamed(record.header.saga)
    const state = await restoreRun(saga, record, journal)
    // Somebody else may have loaded it meanwhile: one driver a run.
    return drivers.get(id) ?? drivers.add(new RunDriver(saga, state, shared))
  }
  const pace = new Pace(() => shared.commit.nextTurn())
  const recovery = createRecovery({ journal, clock, drivers, sagaNamed, shared, pace })

  const reject = (id: string, key: string): HoldfastError =>
    new HoldfastError('RUN_UNDER_WAY', `Run '${id}' is under way for '${key}'`, {
      hint: `Open run '${id}' to go on with it, wait until it has ended, or discard it.`,
      facts: { run: id },
    })

  const join = async (
    id: string,
    input: JsonObject[string],
    { key, saga, owner }: Pick<RunIdentity, 'key' | 'saga' | 'owner'>,
  ): Promise<Run> => {
    await recovery.ended
    const driver = await load(id)
    // A key of the host's own may have been given for somebody else as well.
    if (driver.run.saga !== saga || driver.run.owner !== owner) throw reject(id, key)
    if (canonicalJson(driver.state.snapshot.context.input) === canonicalJson(input)) return runOf(driver)
    throw new HoldfastError('RUN_UNDER_WAY', `Run '${id}' is under way for '${key}' with another input`, {
      hint: `Retry or discard run '${id}' first.`,
      facts: { run: id },
    })
  }

  /** Begins a run, if its key and its resources are free. */
  const begin = async (
    saga: AnySaga,
    input: JsonObject[string],
    identity: Omit<RunIdentity, 'startedAt'>,
  ): Promise<Run | Extract<WriteResult, { ok: false }>> => {
    const run: RunIdentity = { ...identity, startedAt: clock.now() }
    const entry: Entry = { seq: 1, at: run.startedAt, body: { type: 'run.started', input } }
    const applied = applyEntry(saga, run, null, entry)
    const summary = summarise(saga, applied.state)
    const result = await shared.commit.write({ kind: 'begin', run, entries: [entry], summary })
    if (!result.ok) return result
    const driver = new RunDriver(saga, applied.state, shared)
    driver.begin(result.generation, applied, run.startedAt)
    return runOf(driver)
  }

  /** As {@link begin}; until it has begun, a shutdown waits for it. */
  const tryBegin: typeof begin = (...parts) => {
    const begun = begin(...parts)
    onTaking(begun)
    return begun
  }

  const park = async (): Promise<void> => {
    // What rests waits for its time no more.
    for (const driver of drivers.busy()) if (driver.generation === null) driver.disarm()
    await Promise.all([recovery.ended, Promise.allSettled(taking)])
    await Promise.all(
      drivers.busy().map(async (driver) => {
        driver.endHooks()
        if (await driver.leave()) return
        if (driver.generation !== null) await driver.submit({ type: 'cancel.requested' })
        await driver.released()
      }),
    )
  }

  const shutDown = async (deadline: number): Promise<void> => {
    await withDeadline(clock, deadline, park())
    const deaf: string[] = []
    for (const driver of drivers.busy()) {
      driver.disarm()
      if (driver.generation === null) continue
      deaf.push(driver.run.id)
      driver.suspend(
        new HoldfastError('RUN_SUSPENDED', 'The runner was shut down before the run had stopped'),
      )
    }
    leases.stop()
    await journal.close(deaf)
  }

  /** One after the other: a journal goes on where its last call stopped. */
  const compact = async (finishedBefore: number): Promise<number> => {
    let forgotten = 0
    for (;;) {
      refuseClosed()
      await journal.ready?.()
      const some = await journal.compact({ finishedBefore, limit: 100 })
      if (some === 0) return forgotten
      forgotten += some
    }
  }

  return {
    start: async (which, given, startOptions = {}) => {
      refuseClosed()
      checkStartOptions(startOptions)
      const { whenUnderWay = 'join', signal } = startOptions
      const saga = sagaNamed(typeof which === 'string' ? which : which.definition.name)
      await pace.next()
      refuseClosed()
      const { definition } = saga
      const input = toJson(definition.input(given ?? null), 'the input')
      const owner = startOptions.owner ?? ''
      const key = startOptions.key ?? [definition.name, owner, definition.key(input)].join(':')
      const identity = {
        id: newId(),
        saga: definition.name,
        version: definition.version,
        key,
        owner,
        resources: definition.resources(input),
      }
      const { id, resources } = identity
      if (whenUnderWay === 'queue') {
        const beginOrWait = async (): Promise<BeginResult> => {
          const begun = await tryBegin(saga, input, identity)
          if (!('ok' in begun)) return { ok: true, run: begun }
          if (begun.problem === 'held') return { ok: false, by: begun.by }
          throw refusedError(id, begun)
        }
        return queue.add({ key, resources, begin: beginOrWait, signal })
      }
      const begun = await tryBegin(saga, input, identity)
      if (!('ok' in begun)) return begun
      if (begun.problem !== 'held' || begun.what !== `key:${key}`) throw refusedError(id, begun)
      if (whenUnderWay === 'reject') throw reject(begun.by, key)
      return join(begun.by, input, identity)
    },

    recover: () => {
      refuseClosed()
      return recovery.recover()
    },

    open: async (id) => {
      refuseClosed()
      await recovery.ended
      return runOf(await load(id))
    },
    runs: async (filter = {}) => {
      // A misspelt condition would give everybody's runs.
      checkOptions('runs', filter, filterRules)
      return journal.runs(filter)
    },
    history: (id) => journal.entries(id),
    report: async (id, reportOptions) => {
      const [header] = await journal.runs({ id })
      if (header === undefined)
        throw new HoldfastError('RUN_UNKNOWN', `There is no run '${id}'`, { retryable: false })
      return reportRun(
        { header, journal, saga: () => sagaNamed(header.saga), now: clock.now() },
        reportOptions,
      )
    },
    lose: (resource) => {
      for (const driver of drivers.busy()) driver.lose(resource)
    },

    wake: () => {
      if (closed !== null) return
      leases.renewNow()
      for (const driver of drivers.busy()) driver.wake()
      queue.look()
    },

    shutdown: async (shutdownOptions = {}) => {
      checkOptions('shutdown', shutdownOptions, shutdownRules)
      if (shuttingDown === null) {
        closed = new HoldfastError('RUNNER_CLOSED', 'The runner was shut down', { retryable: false })
        queue.close(closed)
        shuttingDown = shutDown(shutdownOptions.deadline ?? defaultDeadline)
      }
      return shuttingDown
    },

    compact: async (compactOptions = {}) => {
      refuseClosed()
      checkOptions('compact', compactOptions, compactRules)
      const finishedBefore = clock.now() - (compactOptions.olderThan ?? 0)
      const compacted = compacting.then(() => compact(finishedBefore))
      compacting = compacted.catch(() => {})
      return compacted
    },
  }
}

/** Nothing of the engine's own goes to the console; a bug in the host's listener has to be seen somewhere. */
function reportToConsole(error: unknown): void {
  // oxlint-disable-next-line no-console
  console.error(error)
}

/** Resolves with the promise, or when the time is over. */
async function withDeadline(clock: Clock, milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let stop = (): void => {}
  const over = new Promise<void>((resolve) => {
    stop = atDeadline(clock, clock.now() + milliseconds, resolve, milliseconds)
  })
  await Promise.race([promise.catch(() => {}), over])
  stop()
}
