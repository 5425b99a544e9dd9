import { closeSync, fsync, lstatSync, openSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NotDurable, syncNames } from './not-durable.js'
import { allVolumes, type VolumeSyncs } from './sync-volume.js'

const atOnce = 16

/** How files are made durable. */
export interface SyncingTree {
  readonly signal: AbortSignal
  /** Told files that were synced each for itself. */
  readonly synced: (files: number) => void
  /** @default those that all in this process share */
  readonly volumes?: VolumeSyncs
}

/**
 * Makes everything in a folder survive a power cut. A file that has another name elsewhere is one that was linked from the old backup,
 * which is on disk already; all others were written since. Done once for all files, because most of them the system has written by then.
 * Where the system says of the whole volume that all of it is there, no file is asked for itself.
 * Nothing is at work in the folder any more when it resolves or throws.
 *
 * @throws the signal's reason; NotDurable for what the file system could not keep; what else it refuses.
 */
export async function syncTree(
  folder: string,
  { signal, synced, volumes = allVolumes }: SyncingTree,
): Promise<void> {
  if (await volumes.bringToDisk(folder, signal)) return
  const syncs = new Syncs()
  try {
    for await (const file of filesBelow(folder, signal, syncs)) {
      await syncs.begin(() => syncFile(file))
      synced(1)
    }
  } finally {
    await syncs.ended()
  }
  syncs.check()
}

/** The files in a folder and those below; begins to sync each folder once its files were given. */
async function* filesBelow(folder: string, signal: AbortSignal, syncs: Syncs): AsyncGenerator<string> {
  signal.throwIfAborted()
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries) {
    signal.throwIfAborted()
    if (entry.isFile()) yield join(folder, entry.name)
  }
  for (const entry of entries) {
    if (entry.isDirectory()) yield* filesBelow(join(folder, entry.name), signal, syncs)
  }
  await syncs.begin(() => syncNames(folder))
}

/** Some syncs at a time, as the disk takes several in the time of one. */
class Syncs {
  readonly #under = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  /** Begins one when there is room. Throws what an earlier one failed with. */
  async begin(sync: () => Promise<void>): Promise<void> {
    while (this.#under.size >= atOnce) await Promise.race(this.#under)
    this.check()
    const one: Promise<void> = sync()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#under.delete(one))
    this.#under.add(one)
  }

  async ended(): Promise<void> {
    await Promise.all(this.#under)
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}

/** What was just listed is in memory: looking at it and opening it takes microseconds here, and more where a thread does it. */
async function syncFile(path: string): Promise<void> {
  if (lstatSync(path).nlink > 1) return
  // Windows flushes only what is open for writing.
  const file = openSync(path, process.platform === 'win32' ? 'r+' : 'r')
  try {
    await new Promise<void>((resolve, reject) => {
      fsync(file, (error) => (error === null ? resolve() : reject(new NotDurable(error))))
    })
  } finally {
    closeSync(file)
  }
}
