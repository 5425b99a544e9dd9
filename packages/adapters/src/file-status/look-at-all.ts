import { lstatSync, type Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemCodeOf } from '@holdfast/core'

/** Milliseconds for which the event loop may be held up at a time. */
const sliceMilliseconds = 5
/** A file system that takes longer for one answer asks a disk or a network: then the loop goes on meanwhile, and many are asked at once. */
const slowMilliseconds = 0.5
const askedAtOnce = 64

/**
 * What the file system says of each path, in their order; links are not followed, null where there is nothing. It answers most of the time
 * from memory, in less time than it takes to have a thread ask and to wait for it; so it is asked where it is called, a few milliseconds
 * at a time.
 *
 * @throws the first error of the file system for a path that cannot be looked at.
 */
export async function lookAtAll(paths: readonly string[]): Promise<readonly (Stats | null)[]> {
  const found: (Stats | null)[] = []
  let turn = performance.now()
  while (found.length < paths.length) {
    const asked = performance.now()
    const path = paths[found.length] ?? ''
    found.push(lookNow(path))
    const now = performance.now()
    if (now - asked > slowMilliseconds) {
      const some = paths.slice(found.length, found.length + askedAtOnce)
      found.push(...(await Promise.all(some.map(lookAt))))
    } else if (now - turn <= sliceMilliseconds) continue
    else await nextTurn()
    turn = performance.now()
  }
  return found
}

function lookNow(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null
  } catch (thrown) {
    return nothingAt(thrown)
  }
}

async function lookAt(path: string): Promise<Stats | null> {
  return lstat(path).catch(nothingAt)
}

/** Null for an error that says that there is nothing; throws any other. */
function nothingAt(thrown: unknown): null {
  const code = systemCodeOf(thrown)
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw thrown
}
