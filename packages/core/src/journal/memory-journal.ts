import { HoldfastError } from '../errors/holdfast-error.js'
import { type Clock, systemClock } from '../time/clock.js'
import type { Entry } from './entry.js'
import type {
  Journal,
  JournalWrite,
  RunFilter,
  RunHeader,
  RunIdentity,
  RunSummary,
  WriteResult,
} from './journal.js'

/** What several in-memory journals share, as several processes share a database file. */
export class MemoryJournalStore {
  /** Serialised, as on disk: nobody can change what was written by keeping a reference to it. */
  readonly runs = new Map<
    string,
    { identity: string; summary: string; updatedAt: number; entries: string[] }
  >()
  readonly leases = new Map<string, { generation: number; holder: object | null; expiresAt: number }>()
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

  const readHeader = (id: string): RunHeader => {
    const run = store.runs.get(id)
    if (run === undefined)
      throw new HoldfastError('RUN_UNKNOWN', `There is no run '${id}'`, { retryable: false })
    // Written by `commit` below from values of these very types.
    const identity = JSON.parse(run.identity) as RunIdentity
    const summary = JSON.parse(run.summary) as RunSummary
    return { ...identity, ...summary, updatedAt: run.updatedAt, entries: run.entries.length }
  }
  const headers = (): RunHeader[] => [...store.runs.keys()].map(readHeader)
  const isHeld = (id: string): boolean => {
    const lease = store.leases.get(id)
    return (
      lease !== undefined && lease.holder !== null && lease.holder !== holder && lease.expiresAt > clock.now()
    )
  }
  const isLeased = (id: string): boolean => (store.leases.get(id)?.holder ?? null) !== null

  /** The run under way that has the key or a resource, and which; null when all of it is free. */
  const conflict = (run: RunIdentity): { by: string; what: string } | null => {
    for (const other of headers()) {
      if (other.id === run.id) continue
      const underWay = other.status !== 'done' && other.status !== 'discarded'
      if (underWay && other.key === run.key) return { by: other.id, what: `key:${run.key}` }
      if (!isLeased(other.id)) continue
      const shared = run.resources.find((resource) => other.resources.includes(resource))
      if (shared !== undefined) return { by: other.id, what: shared }
    }
    return null
  }
  const lease = (id: string): WriteResult => {
    const generation = (store.leases.get(id)?.generation ?? 0) + 1
    store.leases.set(id, { generation, holder, expiresAt: clock.now() + leaseDuration })
    return { ok: true, generation }
  }
  const holds = (id: string, generation: number): boolean => {
    const current = store.leases.get(id)
    return current !== undefined && current.holder === holder && current.generation === generation
  }
  const letGo = (id: string): void => {
    const current = store.leases.get(id)
    if (current !== undefined) store.leases.set(id, { ...current, holder: null })
  }

  const write = (request: JournalWrite): WriteResult => {
    if (request.kind === 'begin') {
      const held = conflict(request.run)
      if (held !== null) return { ok: false, problem: 'held', ...held }
      store.runs.set(request.run.id, {
        identity: JSON.stringify(request.run),
        summary: JSON.stringify(request.summary),
        updatedAt: request.entries.at(-1)?.at ?? request.run.startedAt,
        entries: request.entries.map((entry) => JSON.stringify(entry)),
      })
      return lease(request.run.id)
    }
    if (!holds(request.run, request.generation)) return { ok: false, problem: 'stale' }
    if (request.kind === 'append') {
      const run = store.runs.get(request.run)
      if (run === undefined) return { ok: false, problem: 'stale' }
      run.entries.push(...request.entries.map((entry) => JSON.stringify(entry)))
      run.summary = JSON.stringify(request.summary)
      run.updatedAt = request.entries.at(-1)?.at ?? run.updatedAt
      if (!request.release) return { ok: true, generation: request.generation }
    }
    letGo(request.run)
    return { ok: true, generation: request.generation }
  }

  return {
    leaseDuration,
    commit: async (writes) => writes.map(write),
    claim: async (id) => {
      const header = readHeader(id)
      if (isHeld(id)) return { ok: false, problem: 'held', by: id, what: `run:${id}` }
      const held = conflict(header)
      return held === null ? lease(id) : { ok: false, problem: 'held', ...held }
    },
    renew: async (leases) =>
      leases.map(({ run, generation }) => {
        const current = store.leases.get(run)
        if (current === undefined || !holds(run, generation)) return false
        store.leases.set(run, { ...current, expiresAt: clock.now() + leaseDuration })
        return true
      }),
    entries: async (id) => {
      readHeader(id)
      // Written by `commit` from entries.
      return (store.runs.get(id)?.entries ?? []).map((text) => JSON.parse(text) as Entry)
    },
    runs: async (filter = {}) => headers().filter((header) => matches(header, filter)),
    close: async () => {
      for (const [id, current] of store.leases) if (current.holder === holder) letGo(id)
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
