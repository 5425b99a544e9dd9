/** What a phone asks for beyond what it lacks, so that the host does not run full at once (pymobiledevice3 #1886). */
const cushion = 2 * 1024 ** 3

/**
 * What a phone is told of the room on the volume, and what it makes of that. Nothing but the truth: a phone that is promised more than
 * there is fills the volume, and one that is told less refuses.
 */
export class DiskSpace {
  readonly #free: () => Promise<number>
  /** What the phone was told last. */
  #told: number | null = null
  /** What the phone wanted to be freed. */
  #wanted: number | null = null

  constructor(free: () => Promise<number>) {
    this.#free = free
  }

  /** Bytes that are free now. */
  async look(): Promise<number> {
    this.#told = Math.max(0, Math.floor(await this.#free()))
    return this.#told
  }

  /** Notes that the phone wants room to be made. */
  want(bytes: number | null): void {
    this.#wanted = bytes
  }

  /** Bytes that were free when the phone last asked; null when it did not. */
  get told(): number | null {
    return this.#told
  }

  /** Bytes that must be free for the backup, by what the phone said; null when it asked for no room. */
  get needed(): number | null {
    if (this.#told === null || this.#wanted === null) return null
    return Math.max(this.#told + 1, this.#told + this.#wanted - cushion)
  }
}
