import type { FileJob, fileJobs, JobResult } from './file-jobs.js'

/** What a file thread is asked: to do jobs one after the other, until `stop` holds anything but 0. */
export interface FileJobGroup {
  readonly jobs: readonly FileJob[]
  readonly stop: Int32Array
}

/** What came of each of them, or of those before the one that failed, and how; those behind it were not begun. */
export interface GroupResult {
  readonly results: readonly (JobResult | null)[]
  readonly failure: { readonly message: string; readonly code: string | null } | null
}

/**
 * The work of a file thread: does a group of jobs.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 */
export function groupsOfFileJobs(
  work: ReturnType<typeof fileJobs>,
): (group: FileJobGroup) => Promise<GroupResult> {
  return async ({ jobs, stop }) => {
    const results: (JobResult | null)[] = []
    const stopped = (): boolean => Atomics.load(stop, 0) !== 0
    try {
      for (const job of jobs) results.push(await work(job, stopped))
      return { results, failure: null }
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown)
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : null
      return { results, failure: { message, code } }
    }
  }
}
