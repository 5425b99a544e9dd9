import type { JobFiles } from './file-jobs.js'

/** Work on a name in the folder of files. */
export type NamingJob =
  | {
      readonly kind: 'name'
      /** The file that gets another name. */
      readonly from: string
      /** Its new path. What has it is replaced. */
      readonly path: string
      /** Whether it may have been done already, by a thread that died: then there is nothing at `from` any more. */
      readonly again: boolean
    }
  | {
      readonly kind: 'sync-folder'
      /** The folder whose names shall survive a power cut. */
      readonly path: string
    }

/**
 * Does jobs on names. `onWait` is called when all that is left to do is to wait for the disk to say that they are durable.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 *
 * @throws what the file system refuses.
 */
export function namingJobs(
  files: Pick<JobFiles, 'open' | 'lstat' | 'rename'>,
): (job: NamingJob, onWait?: () => void) => Promise<null> {
  async function name({ from, path, again }: Extract<NamingJob, { kind: 'name' }>): Promise<void> {
    try {
      await files.rename(from, path)
    } catch (thrown) {
      const isGone = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
      if (!again || !isGone) throw thrown
      await files.lstat(path, { bigint: true })
    }
  }

  async function syncFolder(path: string, onWait: () => void): Promise<void> {
    const folder = await files.open(path, 'r')
    onWait()
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  return async (job, onWait = () => undefined) => {
    await (job.kind === 'name' ? name(job) : syncFolder(job.path, onWait))
    return null
  }
}
