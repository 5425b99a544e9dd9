import type { Fault, Seen } from './fault-control.js'

/** What is disturbed: a whole import that deletes its backup in the end, or taking back one that is half stored. */
export const faultStories = ['import', 'discard'] as const
export type FaultStory = (typeof faultStories)[number]

/**
 * A place at which a process dies by itself: content has its name and no row refers to it yet; everything is stored and nothing
 * verified; everything is verified and the backup not touched; rows are taken back and their files are still there.
 */
export type DeathPlace = 'copied' | 'stored' | 'verified' | 'half taken back'

/** How a run that was disturbed is ended. */
export type Ending = 'retry' | 'discard'

/** What is to happen at one place. */
export interface FaultTask {
  readonly story: FaultStory
  /** The fault that disturbs the story; null for none. */
  readonly fault: Fault | null
  /** Where the process dies by itself while the story goes on; null for nowhere. */
  readonly dies: DeathPlace | null
  /**
   * `leave`: the story alone. `stay`: the story, then the fault is lifted and the same app ends the run. `end`: a new process ends what
   * another one has left.
   */
  readonly part: 'leave' | 'stay' | 'end'
  readonly ending: Ending
  readonly backup: string
  readonly database: string
  readonly attachments: string
  readonly scratch: string
  /** Where the report goes, as JSON; outside of what the shim watches. */
  readonly report: string
}

/** What a child is to do: one task after the other. */
export interface FaultTasks {
  readonly control: string
  readonly tasks: readonly FaultTask[]
}

/** How a part came out, as the host of the app saw it. */
export interface Told {
  /** An outcome's status; `refused` when a call of Holdfast's threw; `not opened` when the host's own driver could not open the file. */
  readonly status: 'done' | 'discarded' | 'retryable' | 'suspended' | 'stuck' | 'refused' | 'not opened'
  readonly code: string | null
  readonly message: string | null
  readonly hint: string | null
}

/** What a child reports of a task. */
export interface FaultReport {
  /** Of the story; null for part `end`. */
  readonly story: Told | null
  /** Of ending it; null for part `leave`. */
  readonly end: Told | null
  readonly seen: Seen
  /** Files of the place that were still open when the app was closed. */
  readonly leftOpen: readonly string[]
}

/** The key of the run that the stories are about; the library holds an earlier one. */
export const faultKey = 'the import'
