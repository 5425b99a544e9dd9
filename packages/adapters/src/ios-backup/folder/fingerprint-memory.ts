import { join } from 'node:path'
import { lookAtAll } from '../../file-status/look-at-all.js'
import { type Fingerprint, fingerprintedFiles, takeFingerprint } from './fingerprint.js'

/** Milliseconds within which a file system may give two changes one time: FAT counts in steps of two seconds. */
const coarsestTime = 3000

/**
 * The fingerprint that was last taken, with what the file system said of its files just before: as long as it says the same, nobody has
 * written to them, and hundreds of megabytes need not be hashed again.
 */
export class FingerprintMemory {
  readonly #now: () => number
  #last: { readonly root: string; readonly said: string; readonly fingerprint: string } | null = null

  /** `now` gives unix milliseconds UTC. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Takes the fingerprint of the folder at a real path, and remembers it. Throws as {@link takeFingerprint}. */
  async take(root: string, signal: AbortSignal): Promise<Fingerprint> {
    const said = await saidOf(root, this.#now())
    const taken = await takeFingerprint(root, signal)
    this.#last = said === null ? null : { root, said, fingerprint: taken.fingerprint }
    return taken
  }

  /** The same fingerprint, taken again only where one of its files may have changed. */
  async recall(root: string, signal: AbortSignal): Promise<string> {
    const last = this.#last
    if (last?.root === root && last.said === (await saidOf(root, this.#now()))) return last.fingerprint
    return (await this.take(root, signal)).fingerprint
  }
}

/** What the file system says of the files of a fingerprint; null where one was changed so lately that its next change may not show. */
async function saidOf(root: string, now: number): Promise<string | null> {
  const found = await lookAtAll(fingerprintedFiles.map((name) => join(root, name)))
  const newest = now - coarsestTime
  if (found.some((stats) => stats !== null && Math.max(stats.mtimeMs, stats.ctimeMs) > newest)) return null
  return found
    .map((stats) =>
      stats === null ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(' '),
    )
    .join('\n')
}
