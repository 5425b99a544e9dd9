import { type BigIntStats, lstatSync, type Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemCodeOf } from '@holdfast/core'
import { QuickCalls } from './quick-calls.js'

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
export function lookAtAll(paths: readonly string[]): Promise<readonly (Stats | null)[]>
export function lookAtAll(
  paths: readonly string[],
  options: { readonly bigint: true },
): Promise<readonly (BigIntStats | null)[]>
export async function lookAtAll(
  paths: readonly string[],
  { bigint }: { readonly bigint: boolean } = { bigint: false },
): Promise<readonly (Stats | BigIntStats | null)[]> {
  const found: (Stats | BigIntStats | null)[] = []
  let turn = performance.now()
  while (found.length < paths.length) {
    const asked = performance.now()
    const path = paths[found.length] ?? ''
    found.push(lookNow(path, bigint))
    const now = performance.now()
    if (now - asked > slowMilliseconds) {
      const some = paths.slice(found.length, found.length + askedAtOnce)
      found.push(...(await Promise.all(some.map((each) => lstat(each, { bigint }).catch(nothingAt)))))
    } else if (now - turn <= sliceMilliseconds) continue
    else await nextTurn()
    turn = performance.now()
  }
  return found
}

/** One for all single paths: they come one after the other, most of them of one file system. */
const calls = new QuickCalls({ slow: slowMilliseconds, rest: 100 })

/** What the file system says of a path, as {@link lookAtAll} does of many: for callers that come to know them one after the other. */
export async function lookAt(path: string): Promise<Stats | null> {
  return calls.make(
    () => lookNow(path, false),
    () => lstat(path).catch(nothingAt),
  )
}

function lookNow(path: string, bigint: false): Stats | null
function lookNow(path: string, bigint: boolean): Stats | BigIntStats | null
function lookNow(path: string, bigint: boolean): Stats | BigIntStats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false, bigint }) ?? null
  } catch (thrown) {
    return nothingAt(thrown)
  }
}

/** Null for an error that says that there is nothing; throws any other. */
function nothingAt(thrown: unknown): null {
  const code = systemCodeOf(thrown)
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw thrown
}
