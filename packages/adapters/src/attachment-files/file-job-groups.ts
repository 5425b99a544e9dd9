import type { FileJob, fileJobs, JobResult } from './file-jobs.js'
import type { NamingJob, namingJobs } from './naming-jobs.js'

/** Anything that a file thread does. */
export type AnyFileJob = FileJob | NamingJob

/** Whether a job is on a name, and not on the content of a file. */
export function isNaming(job: AnyFileJob): job is NamingJob {
  return job.kind === 'name' || job.kind === 'sync-folder'
}

/** What a file thread is asked: to do jobs until `stop` holds anything but 0. */
export interface FileJobGroup {
  readonly jobs: readonly AnyFileJob[]
  readonly stop: Int32Array
}

/** What came of each of them, or the first that failed, and how; no more were begun then, and none is under way. */
export interface GroupResult {
  readonly results: readonly (JobResult | null)[]
  readonly failure: { readonly index: number; readonly message: string; readonly code: string | null } | null
}

/**
 * The work of a file thread: does a group of jobs, one after the other; while the disk makes what one has written durable, the next one
 * is done.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 */
export function groupsOfFileJobs(
  work: ReturnType<typeof fileJobs>,
  naming: ReturnType<typeof namingJobs>,
  isOnName: (job: AnyFileJob) => job is NamingJob,
): (group: FileJobGroup) => Promise<GroupResult> {
  return async ({ jobs, stop }) => {
    const results: (JobResult | null)[] = []
    let failure: GroupResult['failure'] = null
    const stopped = (): boolean => Atomics.load(stop, 0) !== 0
    async function run(job: AnyFileJob, index: number, onWait: () => void): Promise<void> {
      try {
        results[index] = await (isOnName(job) ? naming(job, onWait) : work(job, stopped, onWait))
      } catch (thrown) {
        if (failure !== null) return
        const message = thrown instanceof Error ? thrown.message : String(thrown)
        const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : null
        failure = { index, message, code }
      }
    }
    const begun: Promise<void>[] = []
    for (const [index, job] of jobs.entries()) {
      if (failure !== null) break
      await new Promise<void>((onWait) => {
        begun.push(run(job, index, onWait).then(onWait))
      })
    }
    await Promise.all(begun)
    return { results, failure }
  }
}
