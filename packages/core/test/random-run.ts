import fc from 'fast-check'
import {
  type AnySaga,
  createRunner,
  type Entry,
  isHoldfastError,
  MemoryJournalStore,
  memoryJournal,
  type Run,
  type RunEvent,
  type Runner,
} from '../src/index.js'
import {
  type KillPoint,
  killAt,
  type MortalProcess,
  replayingJournal,
  VirtualClock,
} from '../src/testing/index.js'
import { ReferenceModel } from './reference-model.js'
import { type Execution, type Script, scriptedSagas } from './scripted-saga.js'

/** What happens to a run from outside. */
export type HostEvent =
  | { readonly type: 'wait' | 'retry' | 'cancel' | 'discard' | 'provide' | 'shut down' | 'kill' }
  /** Two requests at once, while the step is still ending. */
  | { readonly type: 'cancel and retry' }
  /** The process dies at once, and the next one so many commits after it has recovered. */
  | { readonly type: 'kill twice'; readonly point: KillPoint }

/** Any events, in any order. */
export const anyEvents: fc.Arbitrary<readonly HostEvent[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom<HostEvent[]>(
        ...(
          ['wait', 'wait', 'retry', 'retry', 'provide', 'cancel', 'cancel and retry', 'discard'] as const
        ).map((type) => ({
          type,
        })),
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom<HostEvent[]>({ type: 'shut down' }, { type: 'kill' }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('kill twice' as const),
        point: fc.record<KillPoint>({
          commit: fc.integer({ min: 1, max: 4 }),
          when: fc.constantFrom<('before' | 'after')[]>('before', 'after'),
        }),
      }),
    },
  ),
  { maxLength: 12, size: 'max' },
)

/** One process: its runner, its run, and what it has at work. */
interface Life {
  readonly process: MortalProcess
  readonly runner: Runner
  readonly saga: AnySaga
  readonly verify: () => number
  /** Entries that it found. */
  readonly found: number
  run: Run | null
  atWork: number
}

/** What a host may hear when it asks for something at the wrong time. */
const refusals = new Set(['RUN_ENDED', 'RUN_NOT_AT_REST', 'RUN_PAST_PIVOT', 'NOTHING_ASKED'])

/**
 * A run of a scripted saga through any events of a host and the deaths of its processes, held against the reference model at every
 * moment: everything that is executed must be what the journal says is at work, once in each process, one at a time.
 */
export class RandomRun {
  readonly #script: Script
  readonly #store = new MemoryJournalStore()
  readonly #clock = new VirtualClock()
  readonly #sagaFor: ReturnType<typeof scriptedSagas>
  readonly #executed = new Set<string>()
  #life: Life
  #lives = 0
  #deaths = 0
  /** What was found to be wrong. */
  readonly faults: string[] = []
  readonly events: RunEvent[] = []

  constructor(script: Script) {
    this.#script = script
    this.#sagaFor = scriptedSagas(script)
    this.#life = this.#born(null)
  }

  /** Starts the run, lets all events happen, and lets the run come to rest. */
  async live(events: readonly HostEvent[]): Promise<void> {
    this.#follow(this.#life.runner.start(this.#life.saga, null))
    await this.#settle(0)
    for (const event of events) {
      await this.#happen(event)
      await this.#settle(0)
    }
    for (let turn = 0; turn < 100; turn++) {
      if (this.atRest) {
        // A run that was parked by a cancel rests in the journal while its step, deaf to it, is still ending; the process may die of it.
        await this.#settle(20_000)
        if (this.atRest) break
      }
      const view = this.#life.run?.view.getSnapshot()
      if (this.#life.process.isDead || view === undefined) await this.#reborn(null)
      else if (view.ask !== null) this.#ask((run) => run.provide('word', 'word'))
      else if (this.model.working?.kind === 'run') this.#ask((run) => run.cancel())
      await this.#settle(20_000)
    }
    this.#life.verify()
  }

  /** What the journal says, by the rules of the reference model. */
  get model(): ReferenceModel {
    const model = new ReferenceModel(this.#script.shape)
    for (const entry of this.entries) model.apply(entry.body)
    return model
  }

  get entries(): readonly Entry[] {
    const [run] = this.#store.runs.values()
    // Written by the in-memory journal from entries.
    return (run?.entries ?? []).map((text) => JSON.parse(text) as Entry)
  }

  /** Whether nothing happens any more unless somebody asks for it. */
  get atRest(): boolean {
    if (this.entries.length === 0 || this.#life.process.isDead) return false
    const { working, waits, wakes } = this.model
    return working === null && !waits && !wakes
  }

  get deaths(): number {
    return this.#deaths
  }

  get run(): Run | null {
    return this.#life.run
  }

  /** How often a step has found the work of others wrong. */
  get refutations(): number {
    const { verifies } = this.#script.shape
    return this.entries.filter(
      ({ body }) =>
        body.type === 'step.failed' &&
        body.error.code === 'REFUTED' &&
        body.step === `s${(verifies?.by ?? -1) + 1}`,
    ).length
  }

  /** How many executions there were. */
  get executions(): number {
    return this.#executed.size
  }

  async #happen(event: HostEvent): Promise<void> {
    switch (event.type) {
      case 'wait':
        return this.#settle(20_000)
      case 'retry':
        return this.#ask((run) => run.retry())
      case 'cancel':
        return this.#ask((run) => run.cancel())
      case 'cancel and retry':
        this.#ask((run) => run.cancel())
        return this.#ask((run) => run.retry())
      case 'discard':
        return this.#ask((run) => run.discard())
      case 'provide':
        return this.#ask((run) => run.provide('word', 'word'))
      case 'shut down': {
        const stopped = this.#life.runner.shutdown()
        await this.#clock.advance(20_000)
        if (!this.#life.process.isDead) await stopped
        return this.#reborn(null)
      }
      case 'kill':
        return this.#reborn(null)
      default:
        return this.#reborn(event.point)
    }
  }

  #born(point: KillPoint | null): Life {
    const process = killAt(point)
    const clock = process.clock(this.#clock)
    const saga = this.#sagaFor(clock, (execution, call) => this.#execute(life, execution, call))
    const journal = memoryJournal({ store: this.#store, clock: this.#clock, leaseDuration: 86_400_000 })
    const replaying = replayingJournal(journal, [saga])
    const runner = createRunner({ journal: process.journal(replaying.journal), clock, sagas: [saga] })
    const life: Life = {
      process,
      runner,
      saga,
      verify: replaying.verify,
      found: this.entries.length,
      run: null,
      atWork: 0,
    }
    this.#lives += 1
    return life
  }

  async #reborn(point: KillPoint | null): Promise<void> {
    this.#life.verify()
    await this.#life.process.kill()
    this.#deaths += 1
    const life = this.#born(point)
    this.#life = life
    const recovered = life.runner.recover().then(({ setAside }) => {
      for (const { error } of setAside) this.faults.push(`set aside: ${error.message}`)
    })
    const known = [...this.#store.runs.keys()][0]
    this.#follow(
      recovered.then(() =>
        known === undefined ? life.runner.start(life.saga, null) : life.runner.open(known),
      ),
    )
    await this.#settle(0)
  }

  #follow(opening: Promise<Run>): void {
    const life = this.#life
    void opening.then(
      (run) => {
        life.run = run
        run.events.on('event', (event) => this.events.push(event))
      },
      (error: unknown) => this.faults.push(`not opened: ${String(error)}`),
    )
  }

  /** The host asks for something, and does not wait for it. */
  #ask(request: (run: Run) => Promise<unknown>): void {
    if (this.#life.run === null) return
    request(this.#life.run).catch((error: unknown) => {
      const isRefusal = isHoldfastError(error) && refusals.has(error.code)
      if (!isRefusal) this.faults.push(`refused: ${String(error)}`)
    })
  }

  async #settle(milliseconds: number): Promise<void> {
    await this.#clock.advance(milliseconds)
    if (!this.#life.process.isDead) this.#compare()
  }

  /** The view of the living process and the journal tell the same. */
  #compare(): void {
    const view = this.#life.run?.view.getSnapshot()
    if (view === undefined) return
    const { model } = this
    const name = (step: number): string => `s${step + 1}`
    const told = {
      state: view.state,
      step: view.step,
      attempt: view.attempt,
      asks: view.ask !== null,
      waits: view.retryAt !== null,
      undo: view.state === 'compensating' || view.state === 'stuck' ? view.undo : null,
      pastPivot: view.pastPivot,
      suspended: view.suspended,
    }
    const expected: typeof told = {
      state: model.phase === 'step' ? name(model.at) : model.phase,
      step: name(model.at),
      attempt: model.attempt,
      // What a dead process asked, nobody waits for any more.
      asks: model.asks && model.askedAt > this.#life.found,
      waits: model.waits || model.wakes,
      undo:
        model.reason !== null && (model.phase === 'compensating' || model.phase === 'stuck')
          ? { reason: model.reason, queue: model.left.map(name) }
          : null,
      pastPivot: model.pastPivot,
      suspended: null,
    }
    const [one, other] = [JSON.stringify(told), JSON.stringify(expected)]
    if (one !== other) this.faults.push(`the view tells ${one}, the journal ${other}`)
  }

  async #execute<Result>(life: Life, execution: Execution, call: () => Promise<Result>): Promise<Result> {
    const { working, since } = this.model
    const text = JSON.stringify(execution)
    if (JSON.stringify(working) !== text) {
      this.faults.push(`${text} is executed while the journal has ${JSON.stringify(working)} at work`)
    }
    const key = `${this.#lives} ${since} ${text}`
    if (this.#executed.has(key)) this.faults.push(`${text} is executed twice in one process`)
    this.#executed.add(key)
    life.atWork += 1
    if (life.atWork > 1) this.faults.push(`${text} is executed beside another`)
    try {
      return await call()
    } finally {
      life.atWork -= 1
    }
  }
}
