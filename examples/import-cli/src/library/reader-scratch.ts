import { rmdir } from 'node:fs/promises'
import { sweepScratch } from '@holdfast/adapters/ios-backup'

/** Removes what killed processes left of a backup's databases, and the folder when it is empty. Never fails: the next command tries again. */
export async function sweepLeftovers(scratch: string): Promise<void> {
  try {
    await sweepScratch(scratch)
    await rmdir(scratch)
  } catch {
    // Absent, as nearly always; or in use by another process.
  }
}
