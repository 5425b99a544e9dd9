/** How far a backup has come. */
export interface Transferred {
  /** Bytes of files that came from the phone. */
  readonly bytes: number
  /** Files that came from the phone, and are kept. */
  readonly files: number
  /** Of the whole backup, by what the phone says, 0 to 100; never falls. Zero before it says anything. */
  readonly percent: number
}

/**
 * Counts what comes, and reads what the phone says of the whole. It says with each command how far the backup will be when that is done;
 * in between the bytes of a command tell. It may say less than before, or nothing: that is passed over.
 */
export class ProgressMeter {
  #bytes = 0
  #files = 0
  #percent = 0
  /** Where the present command ends, and how much of it is done. */
  #goal = 0
  #from = 0
  #total: number | null = null
  #begunAt = 0

  get now(): Transferred {
    return { bytes: this.#bytes, files: this.#files, percent: this.#percent }
  }

  /** A command begins, which has this many bytes, where that is known. */
  begin(percent: number | null, bytes: number | null = null): void {
    this.#from = this.#percent
    this.#goal = Math.max(this.#percent, percent ?? 0)
    this.#total = bytes
    this.#begunAt = this.#bytes
  }

  received(count: number): void {
    this.#bytes += count
    if (this.#total === null || this.#total <= 0) return
    const share = Math.min(1, (this.#bytes - this.#begunAt) / this.#total)
    this.#percent = Math.max(this.#percent, this.#from + (this.#goal - this.#from) * share)
  }

  kept(): void {
    this.#files += 1
  }

  /** The command is done. */
  end(): void {
    this.#percent = this.#goal
  }
}
