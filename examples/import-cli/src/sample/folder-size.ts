import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Files and bytes in a folder, without following links; nothing for null or where there is none. */
export async function folderSize(
  path: string | null,
): Promise<{ readonly files: number; readonly bytes: number }> {
  let files = 0
  let bytes = 0
  const entries =
    path === null ? [] : await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile()) continue
    files += 1
    bytes += (await lstat(join(entry.parentPath, entry.name))).size
  }
  return { files, bytes }
}
