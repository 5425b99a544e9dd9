import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** What happened in the outside world: an effect began or ended, a thing was made or taken away, and a few signs of the process. */
export type Act =
  | 'begin'
  | 'end'
  | 'make'
  | 'take'
  /** The part of a step that lies before one of its checkpoints. */
  | 'part'
  /** The host put right what made an undo fail. */
  | 'repair'
  /** The process opened the run, which waits until the time in `at`; null while it waits for no time. */
  | 'opened'
  /** The process was told that the run had ended. */
  | 'ended'
  /** The process has the lease of a generation, which lasts from the time in `at` on; it wrote the entries with these numbers. */
  | 'held'
  /** The process took the run over under a generation, at the latest at the time in `at`. */
  | 'claimed'
  /** The process gave back the lease of a generation; all of its leases where `run` is empty. */
  | 'released'
  /** The process is dead. */
  | 'killed'

/** A line of the log of the outside world. */
export interface WorldLine {
  readonly act: Act
  readonly pid: number
  readonly run: string
  /** The effect that did it, such as `step b 2`; a thing's name for `make` and `take`. */
  readonly what: string
  /** Unix milliseconds; null where it says nothing. */
  readonly at: number | null
}

/**
 * What the journal knows nothing of: the effects of steps, undos and hooks, each line on disk before the next thing happens.
 * Several processes may write to it; a line is one write at the file's end.
 */
export class OutsideWorld {
  readonly #path: string
  readonly #file: number

  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'a')
  }

  write(act: Act, run: string, what: string, at: number | null = null, pid = process.pid): void {
    const line: WorldLine = { act, pid, run, what, at }
    // On a line of its own, whatever another process, killed in the middle of a write, has left before it.
    writeSync(this.#file, `\n${JSON.stringify(line)}\n`)
    fsyncSync(this.#file)
  }

  /** Makes a thing unless it is there: what a step does that may run twice. */
  make(run: string, thing: string): void {
    if (!thingsOf(this.#lines(), run).includes(thing)) this.write('make', run, thing)
  }

  /** Takes a thing away unless it is gone. */
  take(run: string, thing: string): void {
    if (thingsOf(this.#lines(), run).includes(thing)) this.write('take', run, thing)
  }

  /** Whether this happened before, in any process. */
  has(act: Act, run: string, what: string): boolean {
    return this.#lines().some((line) => line.act === act && line.run === run && line.what === what)
  }

  close(): void {
    closeSync(this.#file)
  }

  #lines(): readonly WorldLine[] {
    return readWorld(this.#path)
  }
}

/** All lines of a world's log; none where there is no log yet. */
export function readWorld(path: string): readonly WorldLine[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    try {
      // Written by `write` above.
      return [JSON.parse(line) as WorldLine]
    } catch {
      // Empty, or half a line: of a process that was killed while it wrote, or that is writing. A page at a time becomes visible.
      return []
    }
  })
}

/** The things that a run has made and not taken away again, in the order of their making. */
export function thingsOf(lines: readonly WorldLine[], run: string): readonly string[] {
  const things = new Set<string>()
  for (const line of lines) {
    if (line.run !== run) continue
    if (line.act === 'make') things.add(line.what)
    else if (line.act === 'take') things.delete(line.what)
  }
  return [...things]
}
