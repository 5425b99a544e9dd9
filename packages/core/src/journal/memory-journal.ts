import { HoldfastError } from '../errors/holdfast-error.js'
import { type Clock, systemClock } from '../time/clock.js'
import type { Entry } from './entry.js'
import type {
  ClaimResult,
  Held,
  Journal,
  JournalWrite,
  RunFilter,
  RunHeader,
  RunIdentity,
  RunRecord,
  RunSnapshot,
  RunSummary,
  WriteResult,
} from './journal.js'

/** What is kept of a run, serialised as on disk: nobody can change what was written by keeping a reference to it. */
interface KeptRun {
  identity: string
  summary: string
  snapshot: string | null
  updatedAt: number
  readonly entries: string[]
}

/** What several in-memory journals share, as several processes share a database file. */
export class MemoryJournalStore {
  readonly runs = new Map<string, KeptRun>()
  readonly leases = new Map<string, { generation: number; holder: object | null; expiresAt: number }>()
  /** The run under way that has a key. */
  readonly keys = new Map<string, string>()
  /** The run that last took a resource; it has it while it has a lease. */
  readonly resources = new Map<string, string>()
}

/** Options of {@link memoryJournal}. */
export interface MemoryJournalOptions {
  /** What is shared with other journals. @default a store of its own */
  readonly store?: MemoryJournalStore
  /** @default the system's clock */
  readonly clock?: Clock
  /** Milliseconds for which a lease lasts without being renewed. @default 30000 */
  readonly leaseDuration?: number
}

/**
 * A journal that lasts as long as the process: for unit tests and for sagas that need no durability.
 * Two of them on one store behave like two processes on one database; a holder counts as dead once it is closed.
 */
export function memoryJournal(options: MemoryJournalOptions = {}): Journal {
  const { store = new MemoryJournalStore(), clock = systemClock, leaseDuration = 30_000 } = options
  const holder = {}

  const find = (id: string): KeptRun => {
    const run = store.runs.get(id)
    if (run === undefined)
      throw new HoldfastError('RUN_UNKNOWN', `There is no run '${id}'`, { retryable: false })
    return run
  }
  const toHeader = (run: KeptRun): RunHeader => {
    // Written by `commit` below from values of these very types.
    const identity = JSON.parse(run.identity) as RunIdentity
    const summary = JSON.parse(run.summary) as RunSummary
    return { ...identity, ...summary, updatedAt: run.updatedAt, entries: run.entries.length }
  }
  // Written by `commit` from entries.
  const readEntries = (run: KeptRun, after: number): readonly Entry[] =>
    run.entries.slice(after).map((text) => JSON.parse(text) as Entry)
  const load = (id: string): RunRecord => {
    const run = find(id)
    // Written by `commit` from a snapshot.
    const snapshot = run.snapshot === null ? null : (JSON.parse(run.snapshot) as RunSnapshot)
    return { header: toHeader(run), snapshot, entries: readEntries(run, snapshot?.seq ?? 0) }
  }
  const headers = (): RunHeader[] => [...store.runs.values()].map(toHeader)
  const isHeld = (id: string): boolean => {
    const lease = store.leases.get(id)
    return (
      lease !== undefined && lease.holder !== null && lease.holder !== holder && lease.expiresAt > clock.now()
    )
  }
  const isLeased = (id: string): boolean => (store.leases.get(id)?.holder ?? null) !== null

  /** The run under way that has the key or a resource, and which; null when all of it is free. */
  const conflict = (run: RunIdentity): Held | null => {
    const sameKey = store.keys.get(run.key)
    if (sameKey !== undefined && sameKey !== run.id)
      return { ok: false, problem: 'held', by: sameKey, what: `key:${run.key}` }
    for (const what of run.resources) {
      const by = store.resources.get(what)
      if (by !== undefined && by !== run.id && isLeased(by)) return { ok: false, problem: 'held', by, what }
    }
    return null
  }
  /** The run has its key until it has ended, and its resources while its lease lasts. */
  const enter = (run: RunIdentity, { status }: RunSummary): void => {
    if (status !== 'done' && status !== 'discarded') store.keys.set(run.key, run.id)
    else if (store.keys.get(run.key) === run.id) store.keys.delete(run.key)
  }
  const takeResources = (run: RunIdentity): void => {
    for (const name of run.resources) store.resources.set(name, run.id)
  }
  const lease = (id: string): number => {
    const generation = (store.leases.get(id)?.generation ?? 0) + 1
    store.leases.set(id, { generation, holder, expiresAt: clock.now() + leaseDuration })
    return generation
  }
  const holds = (id: string, generation: number): boolean => {
    const current = store.leases.get(id)
    return current !== undefined && current.holder === holder && current.generation === generation
  }
  const prolong = (id: string, generation: number): boolean => {
    if (!holds(id, generation)) return false
    store.leases.set(id, { generation, holder, expiresAt: clock.now() + leaseDuration })
    return true
  }
  const letGo = (id: string): void => {
    const current = store.leases.get(id)
    if (current !== undefined) store.leases.set(id, { ...current, holder: null })
  }

  const begin = ({ run, entries, summary }: Extract<JournalWrite, { kind: 'begin' }>): WriteResult => {
    const held = conflict(run)
    if (held !== null) return held
    store.runs.set(run.id, {
      identity: JSON.stringify(run),
      summary: JSON.stringify(summary),
      snapshot: null,
      updatedAt: entries.at(-1)?.at ?? run.startedAt,
      entries: entries.map((entry) => JSON.stringify(entry)),
    })
    enter(run, summary)
    takeResources(run)
    return { ok: true, generation: lease(run.id) }
  }
  const append = (request: Extract<JournalWrite, { kind: 'append' }>): void => {
    const { entries, summary, snapshot, version } = request
    const run = find(request.run)
    run.entries.push(...entries.map((entry) => JSON.stringify(entry)))
    run.summary = JSON.stringify(summary)
    enter(toHeader(run), summary)
    run.updatedAt = entries.at(-1)?.at ?? run.updatedAt
    if (snapshot !== undefined) run.snapshot = JSON.stringify({ seq: run.entries.length, state: snapshot })
    if (version !== undefined) run.identity = JSON.stringify({ ...JSON.parse(run.identity), version })
  }
  const write = (request: JournalWrite): WriteResult => {
    if (request.kind === 'begin') return begin(request)
    const { run, generation } = request
    if (!holds(run, generation)) return { ok: false, problem: 'stale' }
    if (request.kind === 'append') append(request)
    if (request.kind === 'release' || request.release) letGo(run)
    return { ok: true, generation }
  }

  const claim = (id: string): ClaimResult => {
    if (!store.runs.has(id)) {
      const error = new HoldfastError('RUN_UNKNOWN', `There is no run '${id}'`, { retryable: false })
      return { ok: false, problem: 'unreadable', error }
    }
    if (isHeld(id)) return { ok: false, problem: 'held', by: id, what: `run:${id}` }
    const record = load(id)
    const held = conflict(record.header)
    if (held !== null) return held
    takeResources(record.header)
    return { ok: true, generation: lease(id), record }
  }

  const list = ({ after, limit, ...filter }: RunFilter): readonly RunHeader[] => {
    const all = headers()
    const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1
    return all
      .slice(from)
      .filter((header) => matches(header, filter))
      .slice(0, limit)
  }

  return {
    leaseDuration,
    commit: async (writes) => writes.map(write),
    claim: async (ids) => ids.map(claim),
    renew: async (leases) => leases.map(({ run, generation }) => prolong(run, generation)),
    load: async (id) => load(id),
    entries: async (id) => readEntries(find(id), 0),
    runs: async (filter = {}) => list(filter),
    compact: async ({ finishedBefore, limit }) => {
      const all = headers()
      const last = new Map(all.filter(({ status }) => status === 'done').map(({ key, id }) => [key, id]))
      const forgotten = all
        .filter(({ status, open }) => (status === 'done' || status === 'discarded') && !open)
        .filter(({ id, key, updatedAt }) => updatedAt < finishedBefore && last.get(key) !== id)
        .slice(0, limit)
      for (const { id } of forgotten) {
        store.runs.delete(id)
        store.leases.delete(id)
      }
      return forgotten.length
    },
    close: async (keep = []) => {
      for (const [id, current] of store.leases) if (current.holder === holder && !keep.includes(id)) letGo(id)
    },
  }
}

function matches(run: RunHeader, filter: RunFilter): boolean {
  if (filter.id !== undefined && filter.id !== run.id) return false
  if (filter.status !== undefined && !filter.status.includes(run.status)) return false
  if (filter.saga !== undefined && filter.saga !== run.saga) return false
  if (filter.key !== undefined && filter.key !== run.key) return false
  if (filter.owner !== undefined && filter.owner !== run.owner) return false
  return filter.unattended !== true || run.open || run.wakeAt !== null
}
