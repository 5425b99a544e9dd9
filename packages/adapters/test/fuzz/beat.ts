import { parentPort, workerData } from 'node:worker_threads'
import { culprits, inputOf, subjects } from './subjects.js'
import { volumeOf } from './volume.js'

/** What a worker is to do: inputs from `first` up to `end`, or one that is given. */
export interface Beat {
  readonly subject: string
  readonly seed: string
  readonly first: number
  readonly end: number
  /** Bytes to decode in place of inputs that are made. */
  readonly bytes: Uint8Array | null
  /** The number of the input under way, and the decodings finished so far. */
  readonly progress: SharedArrayBuffer
}

/** What a worker says at its end: the first input that went wrong. */
export interface Finding {
  readonly index: number
  readonly problem: string
}

/** Bytes outside of the heap that a decoder may have taken: what a hundred inputs of the largest size would. */
const mostBytes = 128 * 2 ** 20

const beat: Beat = workerData
const subject = subjects[beat.subject] ?? culprits[beat.subject]
if (subject === undefined) throw new Error(`There is no decoder named '${beat.subject}'`)
const progress = new Int32Array(beat.progress)

let finding: Finding | null = null
for (let index = beat.first; index < beat.end && finding === null; index++) {
  const bytes = beat.bytes ?? inputOf(subject, beat.subject, beat.seed, index)
  Atomics.store(progress, 0, index)
  const problem = problemOf(bytes)
  if (problem !== null) finding = { index, problem }
}
parentPort?.postMessage(finding, [])

function problemOf(bytes: Uint8Array): string | null {
  const before = Buffer.from(bytes)
  const taken = process.memoryUsage().arrayBuffers
  try {
    const value = subject?.decode(bytes)
    if (!before.equals(bytes)) return 'It changed its input.'
    if (process.memoryUsage().arrayBuffers - taken > mostBytes) return 'It took too many bytes.'
    const volume = volumeOf(value)
    // An array takes a byte of a binary property list for each of its items, and an empty one a single byte.
    if (volume > 16 * bytes.length + 1000) return `It made ${volume} values of ${bytes.length} bytes.`
    return null
  } catch (thrown) {
    return thrown instanceof Error
      ? `It threw ${thrown.name}: ${thrown.message}`
      : `It threw ${String(thrown)}`
  }
}
