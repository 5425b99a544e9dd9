import type { AnySaga, Entry, RunHeader } from '@holdfast/core'
import { type Told, tell } from './announced.js'
import { thingsOf, type WorldLine } from './outside-world.js'
import type { Scenario } from './scenarios.js'

/** What was durable when a process had ended: runs and their entries. */
export interface Durable {
  readonly runs: readonly RunHeader[]
  readonly entries: ReadonlyMap<string, readonly Entry[]>
}

/** What is known of a run when its next process starts. */
interface Known {
  readonly told: Told
  /** Index of the effect that was last seen in the outside world; -1 before the first. */
  readonly seen: number
  /** Indexes of effects that were seen to end. */
  readonly over: ReadonlySet<number>
}

/**
 * Holds what several processes, one after the other, did in the outside world against what the journal held when each of them ended.
 * Effects of a run come one after the other, so each that begins must be the next one that the journal announces, or once more the
 * one at which the process before it was ended.
 */
export class Witness {
  readonly #sagas: ReadonlyMap<string, AnySaga>
  readonly #known = new Map<string, Known>()
  #lines: readonly WorldLine[] = []
  #faults: string[] = []

  constructor(sagas: readonly AnySaga[]) {
    this.#sagas = new Map(sagas.map((saga) => [saga.definition.name, saga]))
  }

  /** A process has ended. `lines`: everything that ever happened in the outside world. Returns what was wrong. */
  processEnded(durable: Durable, lines: readonly WorldLine[]): readonly string[] {
    this.#faults = []
    const fresh = lines.slice(this.#lines.length)
    this.#lines = lines
    for (const run of new Set(fresh.map((line) => line.run))) {
      if (!durable.entries.has(run)) this.#faults.push(`run ${run} acted and is not in the journal`)
    }
    for (const header of durable.runs) {
      const saga = this.#sagas.get(header.saga)
      const entries = durable.entries.get(header.id) ?? []
      if (saga === undefined) this.#faults.push(`the journal holds a run of '${header.saga}'`)
      else
        this.#follow(
          header,
          tell(saga, entries),
          fresh.filter(({ run }) => run === header.id),
        )
    }
    return this.#faults
  }

  /** The last process ended by itself: whether the run came out as it does undisturbed. Returns what was wrong. */
  runEnded(scenario: Scenario, durable: Durable): readonly string[] {
    this.#faults = []
    const [header, ...others] = durable.runs.filter(({ saga }) => saga === scenario.name)
    const told = header === undefined ? undefined : this.#known.get(header.id)?.told
    if (header === undefined || told === undefined) return [`${scenario.name}: there is no run`]
    this.#same(scenario.name, 'number of other runs', others.length, 0)
    this.#same(scenario.name, 'status', header.status, scenario.ends)
    this.#same(scenario.name, 'whether something is left to be done', header.open, false)
    this.#same(
      scenario.name,
      'effects',
      told.announced.map(({ effect }) => effect),
      scenario.effects,
    )
    this.#same(scenario.name, 'things', thingsOf(this.#lines, header.id), scenario.things)
    this.#same(
      scenario.name,
      'hooks that succeeded',
      told.hooks,
      scenario.ends === 'done' ? ['link', 'tell'] : [],
    )
    return this.#faults
  }

  #same(scenario: string, what: string, found: unknown, wanted: unknown): void {
    const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)]
    if (left !== right) this.#faults.push(`${scenario}: ${what}: ${left} instead of ${right}`)
  }

  #follow(header: RunHeader, told: Told, lines: readonly WorldLine[]): void {
    const fault = (what: string): void => void this.#faults.push(`${header.saga}: ${what}`)
    for (const what of told.faults) fault(what)
    const before = this.#known.get(header.id)
    const over = new Set(before?.over)
    const begun = new Set<number>()
    // What was settled before this process started is done with.
    const first = before?.told.announced.findIndex(({ settled }) => settled === null) ?? 0
    const floor = first === -1 ? (before?.told.announced.length ?? 0) : first
    let seen = Math.max(before?.seen ?? -1, floor - 1)
    let working: string | null = null

    for (const { act, what, at } of lines) {
      if (act === 'begin') {
        if (working !== null) fault(`'${what}' began while '${working}' was at work`)
        working = what
        if (what.startsWith('hook ')) {
          if (!told.ended) fault(`'${what}' began before the run was done`)
          if (before?.told.hooks.includes(what.slice('hook '.length)) === true)
            fault(`'${what}' had succeeded, and began again`)
          continue
        }
        const from = seen < floor || begun.has(seen) ? seen + 1 : seen
        const index = told.announced.findIndex(({ effect }, place) => place >= from && effect === what)
        if (index === -1) {
          const known = told.announced.some(({ effect }) => effect === what)
          fault(known ? `'${what}' was done with, and began again` : `'${what}' began unannounced`)
        } else {
          seen = index
          begun.add(index)
        }
      } else if (act === 'end') {
        if (working !== what) fault(`'${what}' ended while '${working ?? 'nothing'}' was at work`)
        working = null
        if (begun.has(seen)) over.add(seen)
      } else if (act === 'part') {
        const [step = '', part = ''] = what.split(' ')
        if ((before?.told.checkpoints.get(step) ?? 0) >= Number(part))
          fault(`part ${part} of step ${step} was done again after its checkpoint`)
      } else if (act === 'opened') {
        if (at !== null && !told.dues.has(at)) fault(`waits until ${at}, which follows from no entry`)
      } else if (act === 'ended' && !told.ended) fault('its end was told before it was durable')
    }
    for (const [index, { effect, settled }] of told.announced.entries()) {
      if (settled === 'succeeded' && !over.has(index)) fault(`'${effect}' succeeded before it was over`)
    }
    const ends = this.#lines.filter(({ act, run }) => act === 'ended' && run === header.id)
    if (ends.length > 1) fault(`its end was told ${ends.length} times`)
    this.#known.set(header.id, { told, seen, over })
  }
}
