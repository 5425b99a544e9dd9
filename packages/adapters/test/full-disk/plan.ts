/** What the process on the small disk is to do. */
export interface FullDiskPlan {
  /** The mounted disk. */
  readonly disk: string
  /** A folder on another volume. */
  readonly elsewhere: string
  /** The first call before which the disk is filled, counted from 1. */
  readonly first: number
  /** Every how many calls. */
  readonly step: number
  /** How many bytes are left free, each in its turn at every call. */
  readonly left: readonly number[]
}

/** What it found. */
export interface FullDiskReport {
  /** How often the disk was filled. */
  readonly points: number
  /** How many calls that write an undisturbed import makes, about. */
  readonly calls: number
  /** How the imports came to rest on the full disk, and how often. */
  readonly ends: Readonly<Record<string, number>>
  /** What was wrong, a sentence each. */
  readonly faults: readonly string[]
}
