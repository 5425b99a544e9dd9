import { isDeepStrictEqual } from 'node:util'
import { errorCodes } from '@holdfast/core'
import type { Fault, Seen } from './fault-control.js'
import type { Found } from './fault-place.js'
import type { DeathPlace, Ending, FaultReport, FaultStory, Told } from './fault-task.js'

/** How a process came out. */
export interface Came {
  /** Null when it did not come to the end of the task. */
  readonly report: FaultReport | null
  readonly killed: boolean
  /** What it printed when it ended in another way than by SIGKILL. */
  readonly crash: string | null
}

/** A fault, and what happens after it. */
export interface Point {
  readonly story: FaultStory
  readonly fault: Fault | null
  /** @default nowhere */
  readonly dies?: DeathPlace
  readonly ending: Ending
  /** Whether the app that met the fault ends the run; else another process does. */
  readonly stays: boolean
}

/** What is known of a point that was tried. */
export interface Tried {
  readonly point: Point
  readonly before: Found
  /** The process that met the fault, and the one that ended the run; they may be the same. */
  readonly first: Came
  readonly last: Came
  /** What was there between the two; null when they are the same. */
  readonly between: Found | null
  readonly end: Found
  readonly seen: Seen
}

/**
 * What is wrong with how a disturbed story came out, a sentence each; empty when all that is promised was kept. `after` is what there
 * is when nothing disturbs it.
 */
export function problemsAt(tried: Tried, after: Found): readonly string[] {
  const { story, fault, dies, ending, stays } = tried.point
  const which =
    fault === null
      ? `killed when ${dies}`
      : `${fault.action} at call ${fault.at}${fault.lasts ? ' and all later ones' : ''} (${tried.seen.hit})`
  const what = `${story}, ${which}, then ${ending} by ${stays ? 'the same app' : 'another process'}`
  return problemsOf(tried, after).map((problem) => `${what}: ${problem}`)
}

function problemsOf(tried: Tried, after: Found): readonly string[] {
  const { point, first, last, before, between, end } = tried
  const wrong: string[] = []
  const check = (holds: boolean, otherwise: string): void => {
    if (!holds) wrong.push(otherwise)
  }
  const isKill = point.dies !== undefined || point.fault?.action.startsWith('killed') === true
  check(first.killed === isKill, isKill ? 'the process went on' : 'the process was killed')
  for (const { crash, report } of first === last ? [first] : [first, last]) {
    check(crash === null, `the process broke down: ${crash}`)
    if (report === null) continue
    check(report.seen.stray === '', `a file outside was changed: ${report.seen.stray}`)
    check(report.leftOpen.length === 0, `files were left open: ${report.leftOpen.join(', ')}`)
  }
  const told = first.report?.story ?? null
  if (told !== null) wrong.push(...badlyTold(told))
  if (between !== null) {
    check(between.isWhole || between.isProven, 'the backup is not whole, and there is no receipt')
    check(
      isSame(between.records, before.records) || (between.isProven && isSame(between.records, after.records)),
      'readers see a part of the import, or all of it without a receipt',
    )
  }
  if (last.report === null) return wrong
  const ended = last.report.end
  const wasDone = point.story === 'import' && ended?.status === 'done'
  const mayBeDone = point.story === 'import'
  const mayBeDiscarded = point.story === 'discard' || point.ending === 'discard'
  check(
    wasDone ? mayBeDone : ended?.status === 'discarded' && mayBeDiscarded,
    `it ended ${JSON.stringify(ended)} (after ${JSON.stringify(told)})`,
  )
  const expected = wasDone ? after : before
  check(isSame(end.records, expected.records), 'the library is not the one of an undisturbed run')
  check(
    isSame(end.files, expected.files),
    `there are other files than after an undisturbed run: ${difference(end.files, expected.files)}`,
  )
  check(
    end.isProven === expected.isProven,
    `a receipt is ${end.isProven ? 'there' : 'missing, or does not hold'}`,
  )
  return wrong
}

/** What a host cannot show to its user, or cannot act upon. */
function badlyTold({ status, code, message, hint }: Told): readonly string[] {
  if (code === null || status === 'not opened') return []
  const wrong: string[] = []
  const whole = `${status}, ${code}: ${message}`
  if (!Object.hasOwn(errorCodes, code)) wrong.push(`its code is none of the list: ${whole}`)
  if (code === 'STEP_FAILED') wrong.push(`its error has no code of its own: ${whole}`)
  if (hint === null || hint === '') wrong.push(`its error has no hint: ${whole}`)
  return wrong
}

function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other)
}

function difference(found: readonly string[], expected: readonly string[]): string {
  const more = found.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`)
  const less = expected.filter((line) => !found.includes(line)).map((line) => `- ${line}`)
  return [...more, ...less].map((line) => line.replace(/[0-9a-f]{52} /, ' ')).join(', ')
}
