import { HoldfastError, isHoldfastError } from '../index.js'
import type { OpenBackup } from './backup-reader.js'
import type { Cursor } from './records.js'
import type { Room, Storage, StorageSpace } from './storage.js'

/** A volume that has too little room, by all that can be estimated. Plain JSON. */
export type Shortage = {
  readonly path: string
  /** What is still to be written there, about. */
  readonly bytesNeeded: number
  readonly bytesFree: number
}

/** What of an import is not staged yet. */
export interface Remainder {
  /** Id of the import, which was begun. */
  readonly id: string
  readonly backup: OpenBackup
  /** What the storage is asked with. */
  readonly request: Parameters<StorageSpace['rooms']>[0]
  /** Cursor of the last durable batch. */
  readonly after: Cursor | null
  /** Items behind it. */
  readonly items: number
  readonly signal: AbortSignal
}

/** What a row takes with its indexes and its place in the ledger; messages of real libraries take two thirds of it. */
const bytesOfItem = 1536

/** Attachments that are looked up together. */
const atOnce = 500

/**
 * Where there is too little room for what remains of an import; null where there is enough, or where nobody can tell. An estimate that
 * errs on the side of too much: a quick look first, and only where that finds too little room, a closer one, which leaves out what
 * the backup does not hold and what the library holds already.
 */
export async function shortageFor(remainder: Remainder, storage: Storage): Promise<Shortage | null> {
  const rooms = (await storage.space?.rooms(remainder.request)) ?? []
  if (rooms.length === 0) return null
  const { backup, after } = remainder
  const { encrypted } = backup.source
  const claimed = (await backup.claimedBytes?.(after)) ?? 0
  const quick = (room: Room): number => (room.takesFilesOver && !encrypted ? 0 : claimed)
  if (tooSmall(rooms, remainder, quick) === null) return null
  const contents = await contentsOf(remainder, storage)
  return tooSmall(rooms, remainder, (room) => contentFor(room, contents))
}

/**
 * What a write threw, and where that says `DISK_FULL`, how much room the rest of the import takes: whoever makes room has to know.
 * Anything else unchanged.
 */
export async function withRoomNeeded(
  thrown: unknown,
  remainder: Remainder,
  storage: Storage,
): Promise<unknown> {
  if (!isHoldfastError(thrown) || thrown.code !== 'DISK_FULL') return thrown
  try {
    const { path, bytesNeeded: least } = thrown.facts
    const rooms = (await storage.space?.rooms(remainder.request)) ?? []
    const room = rooms.find((each) => typeof path === 'string' && path.startsWith(each.path)) ?? rooms[0]
    if (room === undefined) return thrown
    const needed = neededIn(room, remainder, contentFor(room, await contentsOf(remainder, storage)))
    const bytesNeeded = typeof least === 'number' ? Math.max(needed, least) : needed
    return new HoldfastError('DISK_FULL', thrown.message, {
      hint: `About ${inWords(bytesNeeded)} are still to be written. Make room for them, then retry. The backup is kept, and what was stored so far stays.`,
      facts: { ...thrown.facts, bytesNeeded },
      cause: thrown,
    })
  } catch {
    // What cannot be estimated is no reason to hide what went wrong.
    return thrown
  }
}

/** `1.2 GB`, for people. */
export function inWords(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  return `${Math.max(1, Math.ceil(bytes / 1e6))} MB`
}

function tooSmall(
  rooms: readonly Room[],
  remainder: Remainder,
  contentIn: (room: Room) => number,
): Shortage | null {
  for (const room of rooms) {
    const { path, bytesFree } = room
    const bytesNeeded = neededIn(room, remainder, contentIn(room))
    if (bytesFree !== null && bytesNeeded > bytesFree) return { path, bytesNeeded, bytesFree }
  }
  return null
}

function neededIn({ holds }: Room, { items }: Remainder, content: number): number {
  return (holds.includes('rows') ? items * bytesOfItem : 0) + (holds.includes('content') ? content : 0)
}

/** Bytes of content that are still to be stored. */
interface Contents {
  readonly all: number
  /** Of which there is no file in the backup that could be taken over: they are encrypted, or in a database. */
  readonly inNoFile: number
}

function contentFor({ takesFilesOver }: Room, { all, inNoFile }: Contents): number {
  return takesFilesOver ? inNoFile : all
}

/** Bytes of content that the backup holds and the library does not. */
async function contentsOf({ id, backup, after, signal }: Remainder, storage: Storage): Promise<Contents> {
  const attachments = backup.attachments?.({ after, batchSize: atOnce, signal })
  if (attachments === undefined) {
    const claimed = (await backup.claimedBytes?.(after)) ?? 0
    return { all: claimed, inNoFile: backup.source.encrypted ? claimed : 0 }
  }
  let all = 0
  let inNoFile = 0
  for await (const records of attachments) {
    const available = records.filter(({ unavailable }) => unavailable === null)
    const held = (await storage.space?.held(id, available)) ?? []
    for (const [index, record] of available.entries()) {
      if (held[index] === true) continue
      const bytes = record.claimedBytes ?? 0
      all += bytes
      if (((await backup.contentFile?.(record, signal)) ?? null) === null) inNoFile += bytes
    }
  }
  return { all, inNoFile }
}
