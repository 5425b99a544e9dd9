import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** A backup to be read in another process. */
export interface ReadingTask {
  /** The backup's folder. */
  readonly path: string
  /** Folder for private copies. */
  readonly scratch: string
  /** Whether the contents of attachments are read, too. */
  readonly contents: boolean
  /** Whether all parts are read, or contacts and messages only. */
  readonly allParts: boolean
}

/** How reading a backup ended. Only the first two are allowed, whatever the backup is. */
export type Outcome =
  | {
      readonly how: 'read'
      readonly counts: Readonly<Record<string, number>>
      readonly parts: readonly string[]
      readonly remarks: readonly string[]
    }
  | { readonly how: 'refused'; readonly code: string; readonly message: string }
  | { readonly how: 'threw'; readonly what: string }
  | { readonly how: 'hung' }
  | { readonly how: 'died'; readonly what: string }

/** How long one backup may take. Those of the tests take a tenth of a second; the rest is for a busy machine. */
const patienceMillis = 60_000

/** Reads backups in processes with little memory, which are ended when they hang. */
export class Readings {
  readonly #folder: string
  readonly #file: string
  #running: ChildProcess | null = null

  private constructor(folder: string, file: string) {
    this.#folder = folder
    this.#file = file
  }

  /** Bundles the program of the processes from the sources. */
  static async begin(): Promise<Readings> {
    // Inside the package, where the bundle finds better-sqlite3.
    const parent = fileURLToPath(new URL('../../node_modules/.holdfast-test/', import.meta.url))
    mkdirSync(parent, { recursive: true })
    const folder = mkdtempSync(join(parent, 'readings-'))
    const file = join(folder, 'reader.mjs')
    const bundle = await rolldown({
      input: fileURLToPath(new URL('reader-child.ts', import.meta.url)),
      platform: 'node',
      resolve: { conditionNames: ['@holdfast/source', 'node', 'import', 'default'] },
    })
    await bundle.write({ file, format: 'esm', codeSplitting: false })
    await bundle.close()
    return new Readings(folder, file)
  }

  /** Reads all backups; resolves with how each ended, in their order. */
  async read(tasks: readonly ReadingTask[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    // A process that ends early has met something that it did not survive: the next one goes on behind that.
    while (outcomes.length < tasks.length) {
      const before = outcomes.length
      const end = await this.#readSome(tasks.slice(before), outcomes)
      if (end !== null && outcomes.length < tasks.length) outcomes.push(end)
    }
    return outcomes
  }

  /** Removes the program, and leaves no process of a test that failed. */
  end(): void {
    this.#running?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Reads until one process is over; resolves with why it ended before the last backup, null when it did not. */
  #readSome(tasks: readonly ReadingTask[], outcomes: Outcome[]): Promise<Outcome | null> {
    const list = join(this.#folder, 'tasks.json')
    writeFileSync(list, JSON.stringify(tasks))
    const child = spawn(process.execPath, ['--max-old-space-size=256', this.#file, list], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running = child
    let hung = false
    let errors = ''
    const last = outcomes.length + tasks.length
    const hang = () => {
      hung = true
      child.kill('SIGKILL')
    }
    let timer = setTimeout(hang, patienceMillis)
    createInterface({ input: child.stdout }).on('line', (line) => {
      clearTimeout(timer)
      timer = setTimeout(hang, patienceMillis)
      const outcome: Outcome = JSON.parse(line)
      outcomes.push(outcome)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = `${errors}${text}`.slice(-4000)
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, endedBy) => {
        clearTimeout(timer)
        this.#running = null
        if (hung) resolve({ how: 'hung' })
        else if (outcomes.length === last) resolve(null)
        else resolve({ how: 'died', what: `${status ?? endedBy}: ${errors}` })
      })
    })
  }
}
