import { HoldfastError, reportError, toHoldfastError } from '../errors/holdfast-error.js'
import type { InspectedRun, RunInspection } from '../inspect/run-inspection.js'
import type { Entry, EntryBody } from '../journal/entry.js'
import type { Journal, JournalWrite, RunIdentity, RunRecord } from '../journal/journal.js'
import type { Json } from '../json/json.js'
import type { AnySaga } from '../machine/define-saga.js'
import type { SagaContext } from '../machine/saga-context.js'
import type { Clock } from '../time/clock.js'
import type { GroupCommit } from './group-commit.js'
import { leaseLost, refusedError } from './lease-errors.js'
import { Mailbox } from './mailbox.js'
import { restoreRun } from './restore-run.js'
import { runHooks } from './run-hooks.js'
import { RunLease } from './run-lease.js'
import { writeState } from './run-snapshot.js'
import {
  type Applied,
  applyEntry,
  eventOf,
  type NumberedEffect,
  pendingHooks,
  type RunState,
  stateName,
  summarise,
} from './run-state.js'
import { RunTeller, type ToldRun } from './run-teller.js'
import { RunTimers } from './run-timers.js'
import { RunWork, type WorkingRun } from './run-work.js'
import { unwritten } from './unwritten.js'

/** Milliseconds after which a timer is told again that was due while the journal could not be asked. */
const unansweredPause = 1000

/** What all runs of a runner share. */
export interface DriverShared {
  readonly journal: Journal
  readonly commit: GroupCommit
  readonly clock: Clock
  /** Least milliseconds between two notifications of progress. */
  readonly progressInterval: number
  /** Entries after which the state of a run is written down anew. */
  readonly snapshotEvery: number
  /** Tells the host what a listener of its own threw. */
  readonly onListenerError: (error: unknown) => void
  /** The driver took a lease or a timer, or gave it back. */
  readonly onLease: (driver: RunDriver) => void
  /** Begins to tell an inspector of a run; null when there is none. */
  readonly inspect: ((saga: AnySaga, state: InspectedRun) => RunInspection) | null
  /** The run is done, so that its key is free, while its hooks still have the lease. */
  readonly onHooks: (driver: RunDriver) => void
  /** `RUNNER_CLOSED` once the runner is being shut down: then no lease is taken any more, and no hook is tried again. Null before. */
  readonly closed: () => HoldfastError | null
  /** Is given what takes a lease, so that a shutdown can wait for it. */
  readonly onTaking: (taking: Promise<unknown>) => void
}

/** A lease that was just claimed. */
export interface ClaimedLease {
  readonly generation: number
  /** The moment of the claim, from which the lease counts; unix milliseconds. */
  readonly since: number
  /** Whether what the run has outstanding is begun at once, or by {@link RunDriver.goOn}. @default 'now' */
  readonly begin?: 'now' | 'later'
}

/**
 * Drives one run: decides, journals, and only then performs. Entries of a run are handled one after the other.
 */
export class RunDriver implements WorkingRun, ToldRun {
  readonly saga: AnySaga
  /** What hosts see and hear of the run. */
  readonly told: RunTeller
  readonly shared: DriverShared
  readonly lease: RunLease
  readonly #mailbox = new Mailbox()
  readonly #timers: RunTimers
  readonly #work: RunWork
  readonly #inspection: RunInspection | null
  #state: RunState
  /** The last entry that the journal's snapshot of this run covers. */
  #snapshotSeq = 0
  /** Whether hooks are being run. Each entry that they write makes the run rest anew, which must not run them beside themselves. */
  #hooking = false
  #suspended: HoldfastError | null = null
  /** The effect that is to be begun by {@link goOn}. */
  #later: string | null = null
  /** Whether a write is under way with which the lease ends: in the journal it may have ended already. */
  #releasing = false
  /** The answer that is being written: it takes the question, and another one is not used. */
  #answering: Promise<void> | null = null
  /** Ends the pauses between tries of hooks, while hooks are being run. */
  #hooksEnd: AbortController | null = null

  constructor(saga: AnySaga, state: RunState, shared: DriverShared) {
    this.saga = saga
    this.#state = state
    this.shared = shared
    this.#timers = new RunTimers(shared.clock, (timer, due) => void this.#fire(timer, due))
    this.lease = new RunLease(state.run.id, shared)
    this.#work = new RunWork(this)
    this.#inspection = shared.inspect?.(saga, state) ?? null
    this.told = new RunTeller(this)
  }

  get run(): RunIdentity {
    return this.#state.run
  }

  get state(): RunState {
    return this.#state
  }

  /** The lease that this driver holds; null when none. */
  get generation(): number | null {
    return this.lease.generation
  }

  get suspended(): HoldfastError | null {
    return this.#suspended
  }

  /** Whether the lease is being given back. Until the answer comes nobody can say whether it is still held. */
  get isReleasing(): boolean {
    return this.#releasing
  }

  /** Whether the question in the state is really being asked; where the run is not driven, only its driver knows. */
  get asks(): boolean {
    return this.generation === null || this.#work.asks
  }

  /** Whether the run rests, has ended or is not driven here, and everything that was started for it has stopped. Hooks do not count. */
  get atRest(): boolean {
    return this.#work.isQuiet && (this.generation === null || isResting(this.#state))
  }

  /** Whether it holds a lease or waits for a timer. */
  get isBusy(): boolean {
    return this.generation !== null || this.#timers.areSet
  }

  /** Whether nothing can happen to the run any more. */
  get hasEnded(): boolean {
    return this.generation === null && ['done', 'discarded'].includes(stateName(this.#state))
  }

  /** Begins to drive a run whose first entry was just written under `generation`, at the moment `since`. */
  begin(generation: number, applied: Applied, since: number): void {
    this.lease.take(generation, since)
    this.shared.onLease(this)
    this.#settle(applied, null, false)
  }

  /**
   * Takes over a run that was claimed, and begins what is outstanding unless `lease.begin` says later. Nothing happens where the host has
   * had the run go on meanwhile, which took a later lease.
   */
  attach(state: RunState, record: RunRecord, lease: ClaimedLease): Promise<void> {
    return this.#mailbox.post(async () => {
      if (this.lease.isPast(lease.generation)) return
      // The host has had the run go on while it was claimed: it does so under the lease that counts.
      if (this.generation !== null) return this.lease.take(lease.generation, lease.since)
      await this.#attach(state, record, lease)
      await this.#rest()
    })
  }

  /** Gives the lease back of what was taken over and has not begun yet: the journal has it as a crash left it. False where it has begun. */
  leave(): Promise<boolean> {
    return this.#mailbox.post(async () => {
      const { generation } = this
      if (generation === null || this.#later === null || this.#state.working?.id !== this.#later) return false
      this.#later = null
      await this.#giveBack(generation)
      this.lease.drop()
      this.#work.rest()
      this.shared.onLease(this)
      this.told.view.changed()
      return true
    })
  }

  /** Begins what was left for later when the run was taken over, unless that has been left meanwhile. */
  goOn(): void {
    // Behind what is being written: a cancel that is not answered yet would find a step that it had not stopped.
    void this.#mailbox.post(async () => {
      const { working } = this.#state
      if (working !== null && working.id === this.#later && this.generation !== null)
        this.#work.begin(working)
      this.#later = null
    })
  }

  /** Arms the timer of a parked run as the journal shows it, which needs no lease until it fires. */
  armParked(state: RunState): Promise<void> {
    return this.#mailbox.post(async () => {
      // The host has had the run go on meanwhile.
      if (this.generation !== null || state.seq < this.#state.seq) return
      this.#state = state
      this.#suspended = null
      this.#timers.follow(state.timers)
      this.shared.onLease(this)
      this.#inspection?.resumed(state)
      this.told.view.changed()
    })
  }

  /** The lease was taken or renewed at the moment `since`. */
  prolong(since: number): void {
    this.lease.prolong(since)
  }

  /** Looks at the clock now: what became due while the machine slept fires at once. */
  wake(): void {
    this.#timers.look()
  }

  /** Stops the timers of a run, for a runner that is shut down; the journal still knows them. */
  disarm(): void {
    this.#timers.stop()
  }

  /** Journals an entry and performs what follows from it. False when it means nothing in the present state. */
  submit(body: EntryBody): Promise<boolean> {
    return this.#mailbox.post(() => this.#handle(body))
  }

  /**
   * Submits what an effect gave, unless it has been left by the time that its turn comes: what was asked for before, and is still being
   * written, may have begun another one that the result would be taken for. False then.
   */
  report(effect: string, body: EntryBody): Promise<boolean> {
    return this.#mailbox.post(async () => this.#state.working?.id === effect && (await this.#handle(body)))
  }

  /**
   * Takes the lease if it is not held, then journals what a host or a timer asks for. False when that means nothing in the state
   * that the journal shows by then.
   *
   * @throws HoldfastError `LEASE_HELD`, `JOURNAL_DAMAGED`, `JOURNAL_FAILED`, `RUNNER_CLOSED`.
   */
  request(body: EntryBody): Promise<boolean> {
    return this.#mailbox.post(() => this.#request(body))
  }

  /**
   * Gives the answer that the run waits for.
   *
   * @throws HoldfastError `NOTHING_ASKED`, `JOURNAL_FAILED`.
   */
  async provide(kind: string, answer: Json): Promise<void> {
    const context: SagaContext = this.#state.snapshot.context
    if (context.ask?.kind !== kind || !this.#work.asks) throw nothingAsked(kind)
    this.#answering ??= this.#answer(kind, answer).finally(() => {
      this.#answering = null
    })
    return this.#answering
  }

  /** Fails the step at work if it needs the resource. */
  lose(resource: string): void {
    const step = this.saga.definition.steps.find(({ name }) => name === stateName(this.#state))
    if (step?.needs.includes(resource) !== true) return
    this.#work.end(
      new HoldfastError('RESOURCE_LOST', `'${resource}' went away while step '${step.name}' needed it`, {
        hint: 'Bring it back and retry.',
        facts: { resource },
      }),
    )
  }

  /** Stops driving, without a word to the journal: a lease that is lost, a journal that fails, a shutdown past its deadline. */
  suspend(error: HoldfastError): void {
    if (this.#suspended !== null) return
    this.#suspended = error
    this.#later = null
    this.endHooks()
    this.lease.drop()
    this.disarm()
    this.#work.end(error)
    this.shared.onLease(this)
    this.#inspection?.suspended(error)
    this.told.emit({ type: 'run.suspended', error: reportError(error) })
    this.told.view.changed()
    void this.#work.quietened().then(() => this.told.view.changed())
  }

  /** Tries no hook again that has failed: it is owed, and `recover` sees to it. */
  endHooks(): void {
    this.#hooksEnd?.abort()
  }

  /** Resolves when the run rests, has ended or is suspended. */
  rested(): Promise<void> {
    return this.#until(() => this.atRest)
  }

  /** Resolves when, beyond that, the lease is given back: hooks are run as well. */
  released(): Promise<void> {
    return this.#until(() => this.atRest && this.generation === null)
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const stop = this.told.view.subscribe(() => {
        if (!condition()) return
        stop()
        resolve()
      })
    })
  }

  async #answer(kind: string, answer: Json): Promise<void> {
    if (!(await this.submit({ type: 'run.answered', kind }))) throw this.#suspended ?? nothingAsked(kind)
    this.#work.answer(answer)
  }

  /** Takes the lease if it is not held; not for a runner that shuts down, which would have to give it back. */
  async #hold(): Promise<void> {
    if (this.generation !== null) return
    const closed = this.shared.closed()
    if (closed !== null) throw closed
    const taking = this.#take()
    this.shared.onTaking(taking)
    await taking
  }

  async #take(): Promise<void> {
    const { journal, clock } = this.shared
    const since = clock.now()
    const [claimed] = await journal.claim([this.run.id])
    if (claimed === undefined) throw new Error('the journal answered no claim')
    if (!claimed.ok) {
      if (claimed.problem === 'unreadable') throw claimed.error
      throw refusedError(this.run.id, claimed)
    }
    const { generation, record } = claimed
    const closed = this.shared.closed()
    if (closed !== null) {
      await this.#giveBack(generation)
      throw closed
    }
    // Another process may have driven the run meanwhile: the journal knows, not this driver.
    const state = await restoreRun(this.saga, record, journal).catch(async (error: unknown) => {
      await this.#giveBack(generation)
      throw error
    })
    // What a crash left at work is begun again only when that is not what is about to be cancelled.
    await this.#attach(state, record, { generation, since, begin: 'later' })
  }

  async #request(body: EntryBody): Promise<boolean> {
    // While the runner shuts down nothing may begin, and what is at work is cancelled, whoever asks for it.
    const closed = this.shared.closed()
    if (closed !== null && body.type !== 'cancel.requested') throw closed
    await this.#hold()
    // What had to be written first could not be.
    if (this.#suspended !== null) throw this.#suspended
    const { generation } = this
    const before = this.#state
    const meant = await this.#handle(body)
    const { suspended } = this
    if (suspended !== null) {
      // What rested before does so still, in the journal as well: nobody else is to wait for it.
      if (generation !== null && isResting(before)) await this.#giveBack(generation)
      throw suspended
    }
    this.goOn()
    if (!meant) await this.#rest()
    return meant
  }

  /** Gives back a lease that was taken and is of no use, if the journal can be written. */
  async #giveBack(generation: number): Promise<void> {
    await this.shared.commit.write({ kind: 'release', run: this.run.id, generation }).catch(() => undefined)
  }

  async #attach(
    state: RunState,
    record: RunRecord,
    { generation, since, begin = 'now' }: ClaimedLease,
  ): Promise<void> {
    this.#state = state
    this.lease.take(generation, since)
    this.#snapshotSeq = record.snapshot?.seq ?? 0
    this.#suspended = null
    // What an earlier taking over has left for later was left with it.
    this.#later = null
    this.shared.onLease(this)
    const { version } = record.header
    if (version !== this.saga.definition.version) {
      await this.#handle({ type: 'run.migrated', from: version, to: this.saga.definition.version })
      if (this.#suspended !== null) return
    }
    this.#inspection?.resumed(this.#state)
    const { working } = this.#state
    if (working === null) this.#timers.follow(this.#state.timers)
    else if (begin === 'later') {
      this.#later = working.id
      this.#work.expect()
    } else this.#work.begin(working)
    this.told.view.changed()
  }

  async #handle(body: EntryBody): Promise<boolean> {
    if (this.#suspended !== null || this.generation === null) return false
    const previous = this.#state
    const since = this.shared.clock.now()
    const entry: Entry = { seq: previous.seq + 1, at: since, body }
    let applied: Applied
    let release: boolean
    try {
      applied = applyEntry(this.saga, this.run, previous, entry)
      if (!applied.matters) return false
      // Whoever takes over a run that rests has something in mind with it.
      release = body.type !== 'run.migrated' && this.#mayRelease(applied)
      this.#releasing = release
      const result = await this.shared.commit.write(this.#append(entry, applied, release))
      if (!result.ok) throw leaseLost(this.run.id)
    } catch (error) {
      this.#releasing = false
      this.suspend(unwritten(body, previous, toHoldfastError(error, 'JOURNAL_FAILED')))
      return false
    }
    this.#releasing = false
    this.#settle(applied, previous, release)
    return true
  }

  #append(entry: Entry, { state }: Applied, release: boolean): JournalWrite {
    const migrated = entry.body.type === 'run.migrated'
    const append = {
      kind: 'append',
      run: this.run.id,
      generation: this.generation ?? 0,
      entries: [entry],
      summary: summarise(this.saga, state),
      release,
    } as const
    const isDue = state.seq - this.#snapshotSeq >= this.shared.snapshotEvery
    if (!migrated && !isDue) return append
    this.#snapshotSeq = state.seq
    const withSnapshot = { ...append, snapshot: writeState(state) }
    return migrated ? { ...withSnapshot, version: this.saga.definition.version } : withSnapshot
  }

  /** Whether the lease may end with this very write: nothing is at work any more, and nothing is owed. */
  #mayRelease(applied: Applied): boolean {
    return (
      isResting(applied.state) && !this.#work.hasStep && pendingWork(this.saga, applied.state).length === 0
    )
  }

  /** Makes a durable state the present one and performs its effects. */
  #settle(applied: Applied, previous: RunState | null, released: boolean): void {
    this.#state = applied.state
    if (released) {
      this.lease.drop()
      this.#work.rest()
    }
    this.#inspection?.changed(applied, eventOf(previous, applied.state))
    this.#perform(applied.effects)
    if (released) this.shared.onLease(this)
    this.told.changed(previous, applied)
    if (!released && isResting(applied.state)) void this.#mailbox.post(() => this.#rest())
  }

  #perform(effects: readonly NumberedEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'start') this.#work.begin(effect)
      else if (effect.type === 'stop') this.#work.stop(effect.actor)
    }
    this.#timers.follow(this.#state.timers)
  }

  /** Everything has ended that was started: hooks are run, then the lease is given back. */
  async #rest(): Promise<void> {
    if (this.generation === null || !isResting(this.#state)) return
    // Nothing that is still at work can be waiting for this mailbox: it was ended before this task was posted.
    await this.#work.quietened()
    if (this.#hooksToTry().length > 0) {
      this.told.view.changed()
      this.shared.onHooks(this)
      if (!this.#hooking) void this.#runHooks()
      return
    }
    try {
      this.#releasing = true
      await this.shared.commit.write({ kind: 'release', run: this.run.id, generation: this.generation })
    } catch (error) {
      this.suspend(toHoldfastError(error, 'JOURNAL_FAILED'))
      return
    } finally {
      this.#releasing = false
    }
    this.lease.drop()
    this.shared.onLease(this)
    this.told.view.changed()
  }

  /** Hooks that are run before the lease is given back. A runner that shuts down tries each once more at the most. */
  #hooksToTry(): readonly string[] {
    const owed = pendingWork(this.saga, this.#state)
    if (this.shared.closed() === null) return owed
    return owed.filter((name) => (this.#state.hooks.get(name)?.tries ?? 0) === 0)
  }

  async #runHooks(): Promise<void> {
    this.#hooking = true
    const end = new AbortController()
    if (this.shared.closed() !== null) end.abort()
    this.#hooksEnd = end
    try {
      await runHooks({
        saga: this.saga,
        clock: this.shared.clock,
        state: () => this.#state,
        isDriven: () => this.#suspended === null,
        end: end.signal,
        submit: (body) => this.submit(body),
      })
    } finally {
      this.#hooking = false
      this.#hooksEnd = null
    }
    await this.#mailbox.post(() => this.#rest())
  }

  async #fire(timer: string, due: number): Promise<void> {
    const isStillDue = (): boolean => this.#state.timers.get(timer)?.due === due
    try {
      await this.#mailbox.post(async () => {
        // A cancel that came first has stopped it.
        if (!isStillDue()) return
        if (this.generation === null) {
          await this.#hold()
          if (this.#suspended !== null) throw this.#suspended
          this.goOn()
        }
        // Another process may have driven the run meanwhile, and set it for another time.
        if (!isStillDue() || !(await this.#handle({ type: 'timer.fired', timer }))) await this.#rest()
      })
    } catch (thrown) {
      const error = toHoldfastError(thrown, 'JOURNAL_FAILED')
      if (error.code === 'RUNNER_CLOSED') return this.disarm()
      // The journal could not be asked: it may be able to answer later, and until then nothing has happened to the run.
      const isUnanswered = error.code === 'JOURNAL_FAILED' || error.code === 'DISK_FULL'
      if (isUnanswered && this.#suspended === null) return this.#timers.again(timer, due, unansweredPause)
      // Another process woke the run first, or holds what it needs; this one waits no more, and `recover` looks at the run again.
      this.disarm()
      this.shared.onLease(this)
      this.told.emit({ type: 'run.suspended', error: reportError(error) })
    }
  }
}

function nothingAsked(kind: string): HoldfastError {
  return new HoldfastError('NOTHING_ASKED', `The run does not ask for '${kind}'`, { retryable: false })
}

/** Whether nothing is at work in this state. */
export function isResting(state: RunState): boolean {
  const name = stateName(state)
  return name === 'retryable' || name === 'stuck' || name === 'done' || name === 'discarded'
}

function pendingWork(saga: AnySaga, state: RunState): readonly string[] {
  return stateName(state) === 'done' ? pendingHooks(saga, state) : []
}
