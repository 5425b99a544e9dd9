import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCodeOf } from '@holdfast/core'

/**
 * The folder in which this process may keep private copies of a backup's databases: one of its own inside `.scratch`, named by the
 * process's id, so that what a killed process left can be told from what another one uses at this moment.
 */
export function scratchOf(scratch: string): string {
  return join(scratch, String(process.pid))
}

/** Removes what killed processes left, and what this one did. Never fails: left-overs are swept again the next time. */
export async function sweepScratch(scratch: string): Promise<void> {
  try {
    for (const name of await readdir(scratch)) {
      if (!isAliveElsewhere(name)) await rm(join(scratch, name), { recursive: true, force: true })
    }
    await rmdir(scratch)
  } catch {
    // Absent, as nearly always; or in use by another process.
  }
}

function isAliveElsewhere(name: string): boolean {
  const pid = Number(name)
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'
  }
}
