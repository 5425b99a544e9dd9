import { execFile, spawn } from 'node:child_process'
import { stat, statfs } from 'node:fs/promises'
import { release as kernelRelease } from 'node:os'

/** What a volume was brought to the disk by, and what may be believed of that. */
export interface VolumeFacts {
  readonly platform: string
  /** Of the kernel, such as `6.1.0-18-amd64`. */
  readonly release: string
  /** The number by which Linux knows a kind of file system; null where it does not say. */
  readonly type: number | null
  /** The first words of `sync --version`. */
  readonly program: string
}

/** ext4 (and what is read as such), XFS, Btrfs: they tell what they could not write to their volume, and what of their own lists. */
const telling = new Set([0xef53, 0x58465342, 0x9123683e])

/** The kernel since which `syncfs` gives also what a file system says of its own lists; of the bytes of files it does since 5.8. */
const since = [5, 17] as const

/**
 * Whether a `sync -f` that ends well says that everything written to the volume is on the disk. It does what syncfs(2) does, whose manual
 * says: "Since Linux 5.8, syncfs() will report an error if one or more inodes failed to be written back since the last syncfs() call."
 * That the program opens the volume after the writes takes nothing from it: an error that nobody was told yet is told to who opens
 * later, too (`errseq_sample` in the kernel). The programs of busybox and others do not look at what the call gives.
 */
export function tellsLosses({ platform, release, type, program }: VolumeFacts): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  const isNew = major > since[0] || (major === since[0] && minor >= since[1])
  return (
    platform === 'linux' && isNew && type !== null && telling.has(type) && program.includes('(GNU coreutils)')
  )
}

/** A `sync -f` under way. */
export interface RunningSync {
  /** Resolves when everything is on the disk as far as the program says; rejects when it does not say that. */
  readonly ended: Promise<void>
  /** Whether it keeps the process alive; it does from the beginning. */
  keepAlive(isToLive: boolean): void
}

/** The program `sync` of the system. */
export interface SyncProgram {
  /** Begins to bring the volume of a folder to the disk. */
  begin(folder: string): RunningSync
  /** The first words of `sync --version`; none where it does not answer. */
  version(): Promise<string>
}

/**
 * Brings whole volumes to the disk, where the system can: 20,000 small files one after the other would each wait for a commit of the
 * volume's journal, and afterwards each for a flush of the disk, which are many seconds.
 *
 * What a volume could not keep is told once, to the first who asks. So one at a time asks here for each volume, each is heard to its end as
 * long as the process lives, and where a volume has once failed nothing is believed of it any more: each file is asked for itself, which is
 * told by itself. Of another program that calls syncfs for the same volume, between the failed write and the end of the backup, nobody here
 * can know; the kernel's log tells it.
 */
export class VolumeSyncs {
  readonly #program: SyncProgram
  readonly #platform: string
  /** What the program is, once it was asked. */
  #version: Promise<string> | null = null
  /** By their numbers. One that hangs, such as a drive of the network, keeps no other waiting. */
  readonly #volumes = new Map<number, Volume>()

  constructor(program: SyncProgram = systemSync, platform: string = process.platform) {
    this.#program = program
    this.#platform = platform
  }

  /**
   * Brings the volume of a folder to the disk; true when that says that everything written to it before is durable. False says nothing:
   * each file must be synced then. Throws only the signal's reason; what was begun then goes on behind it, touches nothing, and does not
   * keep the process alive.
   */
  async bringToDisk(folder: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    if (this.#platform !== 'linux') return false
    const volume = await unlessAborted(this.#volumeOf(folder), signal)
    if (volume === null || !(await volume.sync(folder, signal))) return false
    return unlessAborted(this.#isBelieved(folder, volume), signal)
  }

  async #volumeOf(folder: string): Promise<Volume | null> {
    try {
      const { dev } = await stat(folder)
      const volume = this.#volumes.get(dev) ?? new Volume(this.#program)
      this.#volumes.set(dev, volume)
      return volume
    } catch {
      return null
    }
  }

  /** Whether what a sync of the volume said is to be believed. */
  async #isBelieved(folder: string, volume: Volume): Promise<boolean> {
    try {
      const { type } = await statfs(folder)
      const program = await (this.#version ??= this.#program.version())
      const facts = { platform: this.#platform, release: kernelRelease(), type, program }
      return tellsLosses(facts) && !volume.hasFailed
    } catch {
      return false
    }
  }
}

/** One volume: what is asked of it, one after the other. */
class Volume {
  readonly #program: SyncProgram
  #hasFailed = false
  #last: Promise<unknown> = Promise.resolve()
  #running: RunningSync | null = null
  #waiting = 0

  constructor(program: SyncProgram) {
    this.#program = program
  }

  /** Whether it could once not keep something. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Whether a sync that was begun behind all others ended well. Throws only the signal's reason. */
  async sync(folder: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    const mine = this.#last.then(() => !signal.aborted && this.#run(folder))
    this.#last = mine
    this.#wait(1)
    try {
      return await unlessAborted(mine, signal)
    } finally {
      this.#wait(-1)
    }
  }

  async #run(folder: string): Promise<boolean> {
    try {
      this.#running = this.#program.begin(folder)
      this.#running.keepAlive(this.#waiting > 0)
      await this.#running.ended
      return true
    } catch {
      this.#hasFailed = true
      return false
    } finally {
      this.#running = null
    }
  }

  /** What nobody waits for any more is heard to its end, and is no reason for the process to live. */
  #wait(change: 1 | -1): void {
    this.#waiting += change
    this.#running?.keepAlive(this.#waiting > 0)
  }
}

const systemSync: SyncProgram = {
  begin(folder) {
    // Without pipes, which would keep the process alive as well.
    const child = spawn('sync', ['-f', '--', folder], { stdio: 'ignore' })
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        if (code === 0) resolve()
        else reject(new Error(`sync ended with ${code ?? signal}`))
      })
    })
    return { ended, keepAlive: (isToLive) => (isToLive ? child.ref() : child.unref()) }
  },
  version: () =>
    new Promise((resolve) => {
      execFile('sync', ['--version'], (error, output) =>
        resolve(error === null ? (output.split('\n', 1)[0] ?? '') : ''),
      )
    }),
}

/** Of the whole process: what one backup is told, the next is not. */
export const allVolumes = new VolumeSyncs()

/** What a promise gives, unless a signal is aborted before. Throws the signal's reason then. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    signal.throwIfAborted()
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
