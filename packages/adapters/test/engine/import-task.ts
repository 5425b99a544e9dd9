import type { Boundary } from './killing-journal.js'

/** What the user does, and what goes wrong. */
export const importStories = [
  'straight',
  'cancelled in the middle of the store, then retried',
  'discarded with its backup in the middle of the store',
  'discarded, the backup kept, in the middle of the store',
  'undone because verify found a difference, then retried',
] as const
export type ImportStory = (typeof importStories)[number]

/** What a child is to do. */
export interface ImportTask {
  readonly story: ImportStory
  /** The phone: what a backup of it is made from. */
  readonly phone: string
  /** Where its backup is made. */
  readonly backup: string
  readonly database: string
  readonly attachments: string
  readonly scratch: string
  /** A file that says that what was wrong is put right. */
  readonly mark: string
  readonly killAt: Boundary | null
}

/** The key of the run that the stories are about; the library holds an earlier one. */
export const importKey = 'the import'
