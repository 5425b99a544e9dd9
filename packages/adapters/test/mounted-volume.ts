import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'

/** A file system of its own in a file, mounted at a folder. */
export interface MountedVolume {
  readonly folder: string
  unmount(): void
}

/**
 * Makes a file system of a kind and mounts it; null, with a line that says why, where the machine does not let one: that takes Linux,
 * root, loop devices and the programs of that file system. The file is sparse, and takes what is written to it.
 */
export function mountVolume(kind: 'xfs' | 'btrfs', at: string, megabytes = 400): MountedVolume | null {
  const image = `${at}.img`
  const run = (program: string, ...words: readonly string[]): void =>
    void execFileSync(program, words, { stdio: 'pipe' })
  try {
    writeFileSync(image, '')
    truncateSync(image, megabytes * 2 ** 20)
    mkdirSync(at)
    run(`mkfs.${kind}`, '-q', image)
    run('mount', '-o', 'loop', image, at)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)
    process.stdout.write(`  skipped: no ${kind} can be mounted here (${why ?? ''})\n`)
    rmSync(image, { force: true })
    return null
  }
  return {
    folder: at,
    unmount: () => {
      run('umount', at)
      rmSync(image)
    },
  }
}
