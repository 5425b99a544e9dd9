import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { countKill } from './kill-count.js'

/** A process under way. */
export interface Child {
  readonly pid: number
  /** Resolves when it has loaded its program. */
  readonly ready: Promise<void>
  readonly kill: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM') => void
  /** How it ended; rejects when it did otherwise than by SIGKILL or with status 0. */
  readonly ended: Promise<Ended>
}

/** How a process ended. */
export interface Ended {
  readonly killed: boolean
  /** The last line that it printed. */
  readonly report: string
}

/** A program that is started many times: bundled once from the sources, so that a start costs a tenth of a second. */
export class Program {
  readonly #folder: string
  readonly #file: string
  readonly #running = new Set<ChildProcess>()

  private constructor(folder: string, file: string) {
    this.#folder = folder
    this.#file = file
  }

  /** `entry`: a file beside this one. */
  static async bundle(entry: string): Promise<Program> {
    // Inside the package, where the bundle finds better-sqlite3.
    const parent = fileURLToPath(new URL('../../node_modules/.holdfast-test/', import.meta.url))
    mkdirSync(parent, { recursive: true })
    const folder = mkdtempSync(join(parent, 'children-'))
    const file = join(folder, 'child.mjs')
    const bundle = await rolldown({
      input: fileURLToPath(new URL(entry, import.meta.url)),
      platform: 'node',
      resolve: { conditionNames: ['@holdfast/source', 'node', 'import', 'default'] },
    })
    await bundle.write({ file, format: 'esm' })
    await bundle.close()
    return new Program(folder, file)
  }

  /** Starts it; `words` reach it as JSON in its first argument, `environment` beside what this process has. */
  start(words: unknown, environment: Readonly<Record<string, string>> = {}): Child {
    const child = spawn(process.execPath, [this.#file, JSON.stringify(words)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    this.#running.add(child)
    let output = ''
    let errors = ''
    let onReady = (): void => {}
    const ready = new Promise<void>((resolve) => {
      onReady = resolve
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      onReady()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => {
        this.#running.delete(child)
        // One that never comes to be ready is over, too.
        onReady()
        const killed = signal === 'SIGKILL'
        if (killed) countKill()
        if (killed || status === 0) resolve({ killed, report: output.split('\n').at(-1) ?? '' })
        else reject(new Error(`the child ended with ${status ?? signal}: ${errors}`))
      })
    })
    return { pid: child.pid ?? 0, ready, ended, kill: (signal) => void child.kill(signal) }
  }

  /** Leaves nothing behind, no process of a test that failed either. */
  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true })
  }
}
