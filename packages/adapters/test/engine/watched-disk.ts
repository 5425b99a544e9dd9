import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../src/testing/synthetic-backup/random.js'
import { Preloaded } from './preloaded.js'

/** What is watched: a disk, and a folder for what is noted of it. */
export interface Watched {
  readonly disk: string
  readonly folder: string
}

/** Where a process ends: before this of its calls that change a file of the disk, or half-way through it. */
export interface DiskCall {
  readonly call: number
  readonly tear: boolean
}

/** What stands between a process and its disk: a library for LD_PRELOAD, made from disk.c. */
export class DiskWatch {
  readonly #shim: Preloaded

  private constructor(shim: Preloaded) {
    this.#shim = shim
  }

  /** Compiles it; a string that says why where that cannot be done. */
  static compile(): DiskWatch | string {
    const shim = Preloaded.compile(new URL('disk.c', import.meta.url))
    return typeof shim === 'string' ? shim : new DiskWatch(shim)
  }

  /** Environment of a process that may end at a call. */
  environment(place: Watched, end: DiskCall | null): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#shim.library,
      HOLDFAST_DISK_FOLDER: place.disk,
      HOLDFAST_DISK_COUNT: countOf(place),
      ...(end === null ? {} : { HOLDFAST_DISK_KILL: String(end.call) }),
      ...(end?.tear === true ? { HOLDFAST_DISK_TEAR: '1' } : {}),
    }
  }

  /** The same, and what it had flushed by then is in `syncedOf(place)`; for a disk without folders. */
  environmentBeforeCut(place: Watched, end: DiskCall | null): Readonly<Record<string, string>> {
    mkdirSync(syncedOf(place), { recursive: true })
    return { ...this.environment(place, end), HOLDFAST_DISK_SYNCED: syncedOf(place) }
  }

  remove(): void {
    this.#shim.remove()
  }
}

/** How many calls that change a file of the disk the last process made that ended by itself. */
export function callsIn(place: Watched): number {
  return Number(readFileSync(countOf(place), 'utf8'))
}

/** The disk as it is after a power cut that lost everything that was not flushed. */
export function syncedOf(place: Watched): string {
  return join(place.folder, 'synced')
}

/**
 * The disk as it is after a power cut that lost some of what was not flushed: of every sector that was written since, one or the
 * other content is there, drawn by the seed. In a folder of its own beside the disk.
 */
export function tornDisk(place: Watched, random: Random): string {
  const torn = join(place.folder, 'torn')
  mkdirSync(torn)
  for (const name of readdirSync(place.disk)) {
    if (name.endsWith('-shm')) continue
    const flushed = join(syncedOf(place), name)
    const old = existsSync(flushed) ? readFileSync(flushed) : Buffer.alloc(0)
    writeFileSync(join(torn, name), mix(old, readFileSync(join(place.disk, name)), random))
  }
  return torn
}

const sectorSize = 512

function mix(old: Buffer, written: Buffer, random: Random): Buffer {
  const mixed = Buffer.alloc(random.chance(0.5) ? old.length : written.length)
  for (let at = 0; at < mixed.length; at += sectorSize) {
    const from = random.chance(0.5) ? old : written
    from.subarray(at, at + sectorSize).copy(mixed, at)
  }
  return mixed
}

function countOf(place: Watched): string {
  return join(place.folder, 'calls')
}
