import type { Progress } from '@holdfast/core'
import { count, counted, duration, size } from './format.js'
import type { PaceReading } from './pace.js'
import type { Colors } from './terminal.js'

/** What is known of a step at work. */
export interface StepAtWork {
  readonly name: string
  /** Null before it has told any. */
  readonly progress: Progress | null
  readonly pace: PaceReading
  /** Milliseconds since it began. */
  readonly elapsed: number
}

const nameWidth = 8
const widestBar = 28

/** `    store    ━━━━━━━━━─────────  9,500 / 20,728 items  8,900/s  1.3 s left`, in as many columns as there are. */
export function progressLine(step: StepAtWork, columns: number, colors: Colors): string {
  const { name, progress, elapsed } = step
  const head = `    ${colors.bold(name.padEnd(nameWidth))} `
  if (progress === null) return `${head}${colors.dim(`working for ${duration(elapsed)}`)}`
  const { done, total } = progress
  const tail = `  ${[counts(progress), ...paceWords(step)].join('  ')}`
  if (total === null || total === 0) return `${head}${tail.trimStart()}`
  const room = columns - nameWidth - 6 - tail.length
  return `${head}${room < 6 ? '' : bar(done / total, Math.min(room, widestBar), colors)}${tail}`
}

/** The same for a log: `store: 9,500 / 20,728 items (45 %), 8,900/s, 1.3 s left`. */
export function progressSentence(step: StepAtWork): string {
  const { name, progress, elapsed } = step
  if (progress === null) return `${name}: working for ${duration(elapsed)}`
  const { done, total } = progress
  const share =
    total === null || total === 0 ? '' : ` (${Math.floor((Math.min(done, total) / total) * 100)} %)`
  return `${name}: ${[`${counts(progress)}${share}`, ...paceWords(step)].join(', ')}`
}

function counts(progress: Progress): string {
  const { label, unit } = progress
  // Bytes alone say little: what a phone does with them is what people wait for.
  return unit === 'bytes' && label !== undefined ? `${amounts(progress)}  ${label}` : amounts(progress)
}

function amounts({ done, total, unit }: Progress): string {
  if (unit === 'bytes') return total === null ? size(done) : `${size(done)} / ${size(total)}`
  if (total === null) return counted(done, unit)
  // As wide at the beginning as in the end, so that nothing behind it jumps.
  return `${count(done).padStart(count(total).length)} / ${counted(total, unit)}`
}

function paceWords({ pace, progress, elapsed }: StepAtWork): readonly string[] {
  if (pace.rate === null) return []
  const perSecond = Math.round(pace.rate)
  const rate = `${progress?.unit === 'bytes' ? size(perSecond) : count(perSecond)}/s`
  if (pace.left !== null && progress?.total !== progress?.done)
    return [rate, pace.left < 1000 ? 'soon done' : `${duration(pace.left)} left`]
  return [rate, duration(elapsed)]
}

function bar(share: number, width: number, colors: Colors): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * width)
  return colors.cyan('━'.repeat(full)) + colors.dim('─'.repeat(width - full))
}
