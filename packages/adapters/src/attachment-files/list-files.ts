import { join } from 'node:path'
import { absentAsNull, fileWork } from './file-errors.js'
import type { FileSystem } from './file-system.js'
import { whatIsAt } from './folders.js'

/**
 * Paths below `root` of everything that is no folder, with `/` on every platform, but for what is at the absolute paths `except`, or in folders there. One folder is
 * read at a time.
 */
export async function* listFiles(
  fs: FileSystem,
  root: string,
  except: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted()
    const path = join(root, folder)
    const names =
      (await fileWork('listing attachments', path, () => absentAsNull(() => fs.readdir(path)))) ?? []
    for (const name of [...names].sort()) {
      const within = folder === '' ? name : `${folder}/${name}`
      if (except.includes(join(root, within))) continue
      const found = await fileWork('listing attachments', path, () => whatIsAt(fs, join(root, within)))
      if (found === 'folder') folders.push(within)
      else if (found === 'other') yield within
    }
  }
}
