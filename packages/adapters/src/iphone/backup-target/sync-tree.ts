import { lstatSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '../../backup-folder/sync-folder.js'

const atOnce = 16

/**
 * Makes everything in a folder survive a power cut. A file that has another name elsewhere is one that was linked from the old backup,
 * which is on disk already; all others were written since. Done once for all files, because most of them the system has written by then.
 *
 * @throws the signal's reason; what the file system refuses, such as `EIO` for what it could not keep.
 */
export async function syncTree(
  folder: string,
  { signal, synced }: { readonly signal: AbortSignal; readonly synced: (files: number) => void },
): Promise<void> {
  signal.throwIfAborted()
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  for (let at = 0; at < files.length; at += atOnce) {
    signal.throwIfAborted()
    const some = files.slice(at, at + atOnce)
    await Promise.all(some.map(({ name }) => syncFile(join(folder, name))))
    synced(some.length)
  }
  for (const entry of entries) {
    if (entry.isDirectory()) await syncTree(join(folder, entry.name), { signal, synced })
  }
  await syncFolder(folder)
}

async function syncFile(path: string): Promise<void> {
  // What was just listed is in memory: the answer takes microseconds.
  if (lstatSync(path).nlink > 1) return
  // Windows flushes only what is open for writing.
  const handle = await open(path, process.platform === 'win32' ? 'r+' : 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
