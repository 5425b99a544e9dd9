import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** How long a tool may take to end after it was told to, before it is killed. */
const GRACE_MS = 3_000

/** A set-up or a check could not go on; `message` is for the reader, `output` is what the tool itself said. */
export class ToolError extends Error {
  /**
   * @param {string} message one sentence
   * @param {string} [output]
   */
  constructor(message, output = '') {
    super(message)
    this.output = output
  }
}

/** The user, or the system, asked this program to end. */
export class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`Interrupted by ${signal}`)
    this.signal = signal
    this.exitStatus = 128 + constants.signals[signal]
  }
}

/**
 * @typedef {object} ToolOptions
 * @property {string} cwd
 * @property {AbortSignal} signal ends the tool, with all that it started; its reason is what `runTool` throws then
 * @property {NodeJS.ProcessEnv} [env] default: this process's
 * @property {number} [timeoutMs] default: none
 * @property {(pid: number) => void} [onStart]
 */

/**
 * Runs a tool to its end and gives back its status and everything that it printed; it prints nothing itself.
 * The tool reads no input and leads a process group of its own, so that ending it ends the compilers that it started.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ToolOptions} options
 * @returns {Promise<{ status: number, output: string }>} status is 128+n when signal n ended the tool, 127 when it could not start
 */
export async function runTool(command, args, { cwd, signal, env = process.env, timeoutMs, onStart }) {
  signal.throwIfAborted()
  const ownGroup = process.platform !== 'win32'
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: ownGroup })
  if (child.pid !== undefined) onStart?.(child.pid)

  /** @type {Buffer[]} */
  const chunks = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  child.stderr.on('data', (chunk) => chunks.push(chunk))

  /** @param {NodeJS.Signals} name */
  const kill = (name) => {
    if (child.pid === undefined) return
    try {
      if (ownGroup) process.kill(-child.pid, name)
      else child.kill(name)
    } catch {
      // It has ended already.
    }
  }
  /** @type {NodeJS.Timeout | undefined} */
  let lastResort
  const end = () => {
    kill(signal.reason instanceof Interrupted ? signal.reason.signal : 'SIGTERM')
    lastResort = setTimeout(kill, GRACE_MS, 'SIGKILL')
  }
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs)
  signal.addEventListener('abort', end)

  try {
    const status = await new Promise((resolve) => {
      child.once('error', (error) => {
        chunks.push(Buffer.from(`${error.message}\n`))
        resolve(127)
      })
      child.once('close', (code, name) => resolve(code ?? 128 + constants.signals[name ?? 'SIGKILL']))
    })
    signal.throwIfAborted()
    return { status, output: Buffer.concat(chunks).toString('utf8') }
  } finally {
    clearTimeout(timer)
    clearTimeout(lastResort)
    signal.removeEventListener('abort', end)
  }
}

/**
 * Runs `work` with a signal that aborts, its reason an `Interrupted`, when this process is asked to end.
 * The process then ends only after `work` has: what it started is ended and its locks are given back.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const controller = new AbortController()
  /** @type {NodeJS.Signals[]} */
  const names = process.platform === 'win32' ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP']
  /** @param {NodeJS.Signals} name */
  const onSignal = (name) => controller.abort(new Interrupted(name))
  for (const name of names) process.on(name, onSignal)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of names) process.off(name, onSignal)
  }
}
