import { tell } from './announced.js'
import { OutsideWorld, type WorldLine } from './outside-world.js'
import { phoneOf, raceLease, raceSaga } from './race.js'
import type { Durable } from './witness.js'

/** What happened in a race. */
export interface Verdict {
  readonly faults: readonly string[]
  /** How often a run was taken from a process that was dead, and from one that had let its lease run out. */
  readonly takenFromDead: number
  readonly takenFromLiving: number
}

/** A lease, by all that was noted of it. */
interface Lease {
  readonly pid: number
  /** Until when it lasts at the least; unix milliseconds. */
  until: number
  isReleased: boolean
}

/** An effect that has begun and not ended. */
interface Work {
  readonly pid: number
  readonly generation: number
  readonly effect: string
}

/**
 * Reads the notes of all processes, and says what was done twice, at the same time, or under a lease that was gone. A note is written
 * after what it tells of, so notes of different processes may stand in the wrong order: whatever could be a matter of that is no fault.
 */
export function judge(durable: Durable, lines: readonly WorldLine[]): Verdict {
  const referee = new Referee(durable)
  for (const line of lines) referee.readLeases(line)
  for (const line of lines) referee.judge(line)
  return referee
}

class Referee implements Verdict {
  readonly faults: string[] = []
  takenFromDead = 0
  takenFromLiving = 0
  readonly #leases = new Map<string, Lease>()
  readonly #dead = new Set<number>()
  /** Those of them whose death the second reading has come to. */
  readonly #deadByNow = new Set<number>()
  readonly #closed = new Set<number>()
  /** Generation under which each entry was written, by run and number. */
  readonly #writers = new Map<string, number>()
  /** By run: each effect that its journal announces, and the entry by which it ended. */
  readonly #effects = new Map<string, ReadonlyMap<string, number | null>>()
  readonly #phones = new Map<string, string>()
  /** What has been read so far: the newest generation of each run, the one each process drives, entries, effects at work. */
  readonly #newest = new Map<string, number>()
  readonly #driven = new Map<string, number>()
  readonly #seen = new Set<string>()
  readonly #working = new Map<string, Work>()

  constructor({ entries }: Durable) {
    const nowhere = new OutsideWorld('/dev/null')
    const saga = raceSaga(nowhere)
    nowhere.close()
    for (const [run, its] of entries) {
      const { announced, faults } = tell(saga, its)
      this.faults.push(...faults.map((fault) => `run ${run}: ${fault}`))
      this.#effects.set(run, new Map(announced.map(({ effect, settledBy }) => [effect, settledBy])))
      const first = its[0]?.body
      this.#phones.set(run, phoneOf(first?.type === 'run.started' ? Number(first.input) : 0))
    }
  }

  /** First reading: which leases there were, who had them, and who wrote what under them. */
  readLeases(line: WorldLine): void {
    const { act, pid, run, what, at } = line
    if (act === 'killed') this.#dead.add(pid)
    if (act === 'released' && run === '') this.#closed.add(pid)
    if (act !== 'held' && act !== 'claimed' && (act !== 'released' || run === '')) return
    const [generation = 0, ...numbers] = what.split(' ').map(Number)
    const name = `${run} ${generation}`
    const lease = this.#leases.get(name) ?? { pid, until: 0, isReleased: false }
    this.#leases.set(name, lease)
    if (lease.pid !== pid) this.#fault(line, `has generation ${generation}, which ${lease.pid} has`)
    if (act === 'released') lease.isReleased = true
    if (act === 'held') lease.until = Math.max(lease.until, (at ?? 0) + raceLease)
    for (const seq of numbers) {
      if (this.#writers.has(`${run} ${seq}`)) this.#fault(line, `wrote entry ${seq}, which was there`)
      this.#writers.set(`${run} ${seq}`, generation)
    }
  }

  /** Second reading: what each process did, by what was to be known at that moment. */
  judge(line: WorldLine): void {
    const { act, pid, run, what } = line
    const [generation = 0, ...numbers] = what.split(' ').map(Number)
    if (act === 'killed') this.#deadByNow.add(pid)
    if (act === 'claimed') this.#judgeClaim(line, generation)
    if (act === 'claimed' || act === 'held') {
      this.#newest.set(run, Math.max(generation, this.#newest.get(run) ?? 0))
      this.#driven.set(`${pid} ${run}`, generation)
    }
    for (const seq of act === 'held' ? numbers : []) {
      this.#seen.add(`${run} ${seq}`)
      if ((this.#writers.get(`${run} ${seq - 1}`) ?? 0) > generation)
        this.#fault(line, `wrote entry ${seq} under an older generation than the one before`)
    }
    if (act === 'begin') this.#judgeEffect(line)
    if (act === 'end' && this.#working.get(run)?.pid === pid) this.#working.delete(run)
  }

  /** A run may be taken from who is dead, gave it back, or let the lease run out. */
  #judgeClaim(line: WorldLine, generation: number): void {
    const { run, at } = line
    const before = this.#leases.get(`${run} ${generation - 1}`)
    if (before === undefined || before.isReleased) return
    // A note of a death comes after it: who is noted later may have lived, if the lease was over.
    const isOver = (at ?? 0) >= before.until
    if (this.#dead.has(before.pid) && (this.#deadByNow.has(before.pid) || !isOver)) this.takenFromDead += 1
    else if (isOver) this.takenFromLiving += 1
    else if (!this.#closed.has(before.pid))
      this.#fault(line, `took it from ${before.pid}, whose lease still ran`)
  }

  #judgeEffect(line: WorldLine): void {
    const { pid, run, what: effect } = line
    const generation = this.#driven.get(`${pid} ${run}`) ?? 0
    const work = { pid, generation, effect }
    if (generation < (this.#newest.get(run) ?? 0)) this.#fault(line, `began '${effect}', and is stale`)
    const settledBy = this.#effects.get(run)?.get(effect)
    if (settledBy === undefined) this.#fault(line, `began '${effect}', which no entry announces`)
    else if (settledBy !== null && this.#seen.has(`${run} ${settledBy}`))
      this.#fault(line, `began '${effect}', which was done with`)
    for (const [other, at] of this.#working) {
      if (this.#phones.get(other) !== this.#phones.get(run)) continue
      const isOver = this.#dead.has(at.pid) || at.generation < (this.#newest.get(other) ?? 0)
      if (!isOver) this.#fault(line, `began '${effect}' while ${at.pid} was at '${at.effect}' of ${other}`)
    }
    this.#working.set(run, work)
  }

  #fault({ pid, run }: WorldLine, what: string): void {
    this.faults.push(`run ${run}: process ${pid} ${what}`)
  }
}
