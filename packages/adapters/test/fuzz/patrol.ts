import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { rolldown } from 'rolldown'
import type { Beat, Finding } from './beat.js'
import { shrink } from './shrink.js'
import { culprits, inputOf, subjects } from './subjects.js'

/** An input that a decoder does not stand, as small as it could be made. */
export interface Fault {
  readonly subject: string
  readonly index: number
  readonly problem: string
  readonly input: Buffer
}

/** How a patrol goes about. */
export interface PatrolOptions {
  /** How long one input may take. A decoder needs microseconds; the rest is for a busy machine. @default 15_000 */
  readonly patienceMillis?: number
  /** How many smaller inputs are tried when one fails: each may take as long as that. @default 150 */
  readonly tries?: number
}

/** Memory of a worker: enough for any of the inputs, and far from that of the machine. */
const limits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }

/** Sends inputs to decoders, each run in a worker that can be ended: it may hang, and it may eat all of its memory. */
export class Patrol {
  readonly #folder: string
  readonly #file: string
  readonly #patience: number
  readonly #tries: number

  private constructor(folder: string, file: string, options: PatrolOptions) {
    this.#folder = folder
    this.#file = file
    this.#patience = options.patienceMillis ?? 15_000
    this.#tries = options.tries ?? 150
  }

  /** Bundles the worker's program from the sources. */
  static async begin(options: PatrolOptions = {}): Promise<Patrol> {
    // Inside the package, where the bundle finds the libraries.
    const parent = fileURLToPath(new URL('../../node_modules/.holdfast-test/', import.meta.url))
    mkdirSync(parent, { recursive: true })
    const folder = mkdtempSync(join(parent, 'fuzz-'))
    const file = join(folder, 'beat.mjs')
    const bundle = await rolldown({
      input: fileURLToPath(new URL('beat.ts', import.meta.url)),
      platform: 'node',
      resolve: { conditionNames: ['@holdfast/source', 'node', 'import', 'default'] },
    })
    await bundle.write({ file, format: 'esm', codeSplitting: false })
    await bundle.close()
    return new Patrol(folder, file, options)
  }

  /** Gives a decoder the inputs from `first` up to `end`; resolves with the first that it does not stand. */
  async walk(subject: string, seed: string, first: number, end: number): Promise<Fault | null> {
    const found = await this.#beat({ subject, seed, first, end, bytes: null })
    if (found === null) return null
    const culprit = subjects[subject] ?? culprits[subject]
    if (culprit === undefined) throw new Error(`There is no decoder named '${subject}'`)
    const input = inputOf(culprit, subject, seed, found.index)
    const fails = async (bytes: Uint8Array) =>
      (await this.#beat({ subject, seed, first: 0, end: 1, bytes })) !== null
    return { subject, ...found, input: await shrink(Buffer.from(input), fails, this.#tries) }
  }

  /** Removes the program. */
  end(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #beat(task: Omit<Beat, 'progress'>): Promise<Finding | null> {
    const progress = new Int32Array(new SharedArrayBuffer(4))
    Atomics.store(progress, 0, task.first)
    // The console of the XML parser is nobody's here: it prints what it finds wrong.
    const worker = new Worker(this.#file, {
      workerData: { ...task, progress: progress.buffer },
      resourceLimits: limits,
      stdout: true,
      stderr: true,
    })
    return new Promise((resolve, reject) => {
      let last = -1
      const watch = setInterval(() => {
        const now = Atomics.load(progress, 0)
        if (now === last) {
          resolve({ index: now, problem: `It did not end within ${this.#patience / 1000} s.` })
          void worker.terminate()
        }
        last = now
      }, this.#patience)
      worker.once('message', resolve)
      worker.once('error', (error: Error) => {
        const code = 'code' in error ? error.code : null
        if (code === 'ERR_WORKER_OUT_OF_MEMORY')
          resolve({ index: Atomics.load(progress, 0), problem: 'It took all memory.' })
        else reject(error)
      })
      worker.once('exit', () => {
        clearInterval(watch)
        reject(new Error(`The worker ended at input ${Atomics.load(progress, 0)} without a word`))
      })
    })
  }
}

/** What a person needs to repeat a fault, and to put its input into a test. */
export function reportOf(fault: Fault, seed: string): string {
  return `${fault.subject}, input ${fault.index} of seed ${seed} (HOLDFAST_SEED=${seed} repeats it)
${fault.problem}
base64 of the input, shrunk to ${fault.input.length} bytes: ${fault.input.toString('base64')}`
}
