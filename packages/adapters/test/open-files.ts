import { readdirSync, readlinkSync } from 'node:fs'

/** The files below a folder that this process has open, one for each time. Only Linux tells. */
export function openFilesIn(folder: string): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${name}`)
      return file.startsWith(folder) ? [file] : []
    } catch {
      // The descriptor that lists the others is closed again.
      return []
    }
  })
}
