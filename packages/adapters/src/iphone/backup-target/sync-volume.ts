import { execFile } from 'node:child_process'
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

/** Runs the program `sync`; gives its first words. Throws what it fails with. */
type RunSync = (words: readonly string[]) => Promise<string>

/**
 * Brings whole volumes to the disk, where the system can: 20,000 small files one after the other would each wait for a commit of the
 * volume's journal, and afterwards each for a flush of the disk, which are many seconds.
 *
 * What a volume could not keep is told once, to the first who asks. So one at a time asks here, each is heard to its end, and where a volume
 * has once failed nothing is believed of it any more: each file is asked for itself, which is told by itself. Of another program that calls
 * syncfs for the same volume, between the failed write and the end of the backup, nobody here can know; the kernel's log tells it.
 */
export class VolumeSyncs {
  readonly #run: RunSync
  readonly #platform: string
  /** The first words of the program, once it was asked. */
  #program: string | null = null
  /** Volumes that could once not keep something, by their numbers. */
  readonly #failed = new Set<number>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(run: RunSync = runSync, platform: string = process.platform) {
    this.#run = run
    this.#platform = platform
  }

  /**
   * Brings the volume of a folder to the disk; true when that says that everything written to it before is durable. False says nothing:
   * each file must be synced then. Throws only the signal's reason; what was begun then goes on behind it, and touches nothing.
   */
  async bringToDisk(folder: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    if (this.#platform !== 'linux') return false
    const mine = this.#last.then(() => !signal.aborted && this.#bringOne(folder))
    this.#last = mine
    let onAbort = (): void => {}
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort)
    })
    return Promise.race([mine, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
  }

  async #bringOne(folder: string): Promise<boolean> {
    let volume: number | null = null
    try {
      volume = (await stat(folder)).dev
      await this.#run(['-f', '--', folder])
      const facts = {
        platform: this.#platform,
        release: kernelRelease(),
        type: (await statfs(folder)).type,
        program: (this.#program ??= await this.#run(['--version'])),
      }
      return tellsLosses(facts) && !this.#failed.has(volume)
    } catch {
      if (volume !== null) this.#failed.add(volume)
      return false
    }
  }
}

/** Of the whole process: what one backup is told, the next is not. */
export const allVolumes = new VolumeSyncs()

function runSync(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sync', words, (error, output) => {
      if (error === null) resolve(output.split('\n', 1)[0] ?? '')
      else reject(error)
    })
  })
}
