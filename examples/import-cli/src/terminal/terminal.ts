import { createLogUpdate } from 'log-update'
import picocolors from 'picocolors'

/** Functions that dress text, or leave it as it is where there are no colours. */
export type Colors = ReturnType<typeof picocolors.createColors>

/**
 * A standard stream. Node types `isTTY` as always there, but a pipe has none; an undefined wish would let picocolors decide by
 * itself, which colours every pipe of a CI.
 */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/** Where the program's words go. */
export interface TerminalOptions {
  /** Whether standard output is for one JSON object alone; words then go to standard error. */
  readonly json: boolean
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * The two streams of the program. Results are said on standard output, progress is told on standard error; where that is a
 * terminal, its last lines are live and redrawn, and whatever else is written appears above them.
 */
export class Terminal {
  /** For what is said. */
  readonly colors: Colors
  /** For what is told. */
  readonly noteColors: Colors
  /** Whether lines can be redrawn. */
  readonly isLive: boolean
  readonly #options: TerminalOptions
  readonly #redraw: ReturnType<typeof createLogUpdate>
  #live: readonly string[] = []

  constructor(options: TerminalOptions) {
    this.#options = options
    const { json, stdout, stderr, env } = options
    this.colors = picocolors.createColors(hasColors(json ? stderr : stdout, env))
    this.noteColors = picocolors.createColors(hasColors(stderr, env))
    this.isLive = stderr.isTTY === true && env['TERM'] !== 'dumb'
    this.#redraw = createLogUpdate(stderr)
    // Whoever reads may have had enough (`| head`): that must not end a run half-way.
    for (const stream of [stdout, stderr]) stream.on('error', () => {})
  }

  /** Columns of standard error; 80 where that is no terminal. */
  get columns(): number {
    const { columns = 0 } = this.#options.stderr
    return columns > 0 ? columns : 80
  }

  /** Writes lines of a result. */
  say(...lines: readonly string[]): void {
    const { json, stdout, stderr } = this.#options
    this.#above(() => write(json ? stderr : stdout, lines))
  }

  /** Writes lines of progress, or of a failure. */
  tell(...lines: readonly string[]): void {
    this.#above(() => write(this.#options.stderr, lines))
  }

  /** Redraws the live lines; no lines remove them. Nothing where standard error is no terminal. */
  live(...lines: readonly string[]): void {
    if (!this.isLive) return
    this.#live = lines
    if (lines.length === 0) {
      this.#redraw.clear()
      // Also shows the cursor again.
      this.#redraw.done()
    } else this.#redraw(lines.join('\n'))
  }

  /** Writes the one object of `--json`; nothing without it. */
  report(object: object): void {
    const { json, stdout } = this.#options
    if (json) this.#above(() => write(stdout, [JSON.stringify(object)]))
  }

  #above(writing: () => void): void {
    if (this.#live.length > 0) this.#redraw.clear()
    writing()
    if (this.#live.length > 0) this.#redraw(this.#live.join('\n'))
  }
}

function write(stream: OutputStream, lines: readonly string[]): void {
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n`)
}

/** https://no-color.org: any value but an empty one means no colours. */
function hasColors(stream: OutputStream, env: TerminalOptions['env']): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
