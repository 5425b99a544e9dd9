import type { BackupRef, Device } from '@holdfast/core/import'

/** Has a device make the backup of a phone that asks nothing, as the run of this id would, and going on from what an earlier attempt told. */
export function acquireBackup(
  device: Device,
  { udid, run = 'run', previous = null }: { udid: string; run?: string; previous?: BackupRef | null },
): Promise<BackupRef> {
  return device.acquire({
    run,
    into: [],
    signal: new AbortController().signal,
    input: { udid },
    previous,
    onBackup: async () => {},
    progress: () => {},
    activity: () => {},
    ask: async () => null,
  })
}
