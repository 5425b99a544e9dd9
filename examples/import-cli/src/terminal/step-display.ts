import type { Progress, Run, RunEvent } from '@holdfast/core'
import { count, counted, duration, size } from './format.js'
import { Pace } from './pace.js'
import { progressLine, progressSentence, type StepAtWork } from './progress-line.js'
import type { Terminal } from './terminal.js'

/** Milliseconds between two redraws of the live line. */
const redrawInterval = 120
/** Milliseconds between two lines of progress where nothing can be redrawn. */
const logInterval = 5000

/** How {@link StepDisplay} comes to know more than the run tells. */
export interface StepDisplayOptions {
  /** How far the store has come, exactly; progress is throttled, and the last word of it may be missing when the step ends. */
  readonly staged?: () => { readonly from: number; readonly items: number } | null
}

interface Current {
  readonly name: string
  readonly since: number
  readonly pace: Pace
  /** What was stored before this attempt; null where that is not known. */
  resumedAt: number | null
  progress: Progress | null
}

/** Shows the steps of a run as they go: a line for each that ended, and a live one, or now and then a line, for the one at work. */
export class StepDisplay {
  readonly #terminal: Terminal
  #current: Current | null = null
  #timer: NodeJS.Timeout | null = null
  readonly #staged: NonNullable<StepDisplayOptions['staged']>

  constructor(terminal: Terminal, { staged = () => null }: StepDisplayOptions = {}) {
    this.#terminal = terminal
    this.#staged = staged
  }

  /** Follows a run until the function that it returns is called. */
  follow(run: Run): () => void {
    const listener = (event: RunEvent): void => this.#show(event)
    run.events.on('event', listener)
    return () => {
      run.events.off('event', listener)
      this.#stop()
    }
  }

  /**
   * Shows the step that is at work where its beginning was not seen: that of a run that was just started came before anybody could
   * listen, and one that a killed process left at work is gone on with and not begun.
   */
  catchUp(run: Run): void {
    const working = run.view.getSnapshot().steps.find(({ status }) => status === 'working')
    if (working !== undefined && this.#current === null) this.#begin(working.name)
  }

  #show(event: RunEvent): void {
    switch (event.type) {
      case 'step.started':
        return this.#begin(event.step)
      case 'step.progress':
        return this.#progress(event.step, event.progress)
      case 'step.succeeded':
        return this.#end('done')
      case 'step.failed': {
        this.#end('failed', `${event.error.message} (${event.error.code})`)
        if (event.retryAt !== null)
          this.#terminal.tell(`    tried again in ${duration(event.retryAt - event.at)}`)
        return
      }
      case 'undo.failed':
        return this.#terminal.tell(
          `    undoing ${event.step} failed: ${event.error.message} (${event.error.code})`,
        )
      case 'undo.started':
        if (event.reason === 'discarded') this.#terminal.tell(`  ${this.#mark('done')} undoing ${event.step}`)
        return
      case 'run.parked':
      case 'run.suspended':
        // A step that was cancelled says nothing itself.
        return this.#end('stopped')
      default:
    }
  }

  #begin(name: string): void {
    this.#stop()
    this.#current = { name, since: performance.now(), pace: new Pace(), resumedAt: null, progress: null }
    if (this.#terminal.isLive) this.#timer = setInterval(() => this.#redraw(), redrawInterval)
    else {
      this.#terminal.tell(`  ${name}: started`)
      this.#timer = setInterval(() => this.#log(), logInterval)
    }
    this.#timer.unref()
  }

  #progress(step: string, progress: Progress): void {
    const current = this.#current
    if (current?.name !== step) return
    current.progress = progress
    current.pace.sample(performance.now(), progress.done)
    this.#redraw()
  }

  #end(how: 'done' | 'failed' | 'stopped', detail?: string): void {
    const current = this.#current
    if (current === null) return
    this.#stop()
    const { noteColors: colors, isLive } = this.#terminal
    const elapsed = performance.now() - current.since
    const name = isLive ? colors.bold(current.name.padEnd(8)) : `${current.name}:`
    if (current.name === 'store') this.#correct(current)
    const words = `${endWords(current, how)}${colors.dim(`  ${duration(elapsed)}`)}`
    this.#terminal.tell(`  ${isLive ? `${this.#mark(how)} ` : ''}${name} ${words}`)
    if (detail !== undefined) this.#terminal.tell(`${isLive ? '             ' : '    '}${colors.red(detail)}`)
  }

  #correct(current: Current): void {
    const staged = this.#staged()
    if (staged === null || current.progress === null) return
    current.resumedAt = staged.from
    current.progress = { ...current.progress, done: staged.items }
  }

  #mark(how: 'done' | 'failed' | 'stopped'): string {
    const { noteColors: colors } = this.#terminal
    if (how === 'done') return colors.green('✓')
    return how === 'failed' ? colors.red('✗') : colors.yellow('▪')
  }

  #redraw(): void {
    const current = this.#current
    if (current !== null)
      this.#terminal.live(progressLine(atWork(current), this.#terminal.columns, this.#terminal.noteColors))
  }

  #log(): void {
    const current = this.#current
    if (current !== null) this.#terminal.tell(`  ${progressSentence(atWork(current))}`)
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#current = null
    this.#terminal.live()
  }
}

function atWork(current: Current): StepAtWork {
  const now = performance.now()
  const { name, progress, pace, since } = current
  return { name, progress, pace: pace.read(now, progress?.total ?? null), elapsed: now - since }
}

function endWords({ progress, resumedAt }: Current, how: 'done' | 'failed' | 'stopped'): string {
  if (progress === null) return how === 'done' ? 'done' : how
  const { done, total, unit } = progress
  if (unit === 'bytes') return how === 'done' ? size(done) : `${how} at ${size(done)}`
  const from =
    resumedAt === null || resumedAt === 0 || resumedAt === total ? '' : `, gone on from ${count(resumedAt)}`
  if (how === 'done') return `${counted(total ?? done, unit)}${from}`
  return `${how} at ${total === null ? counted(done, unit) : `${count(done)} of ${counted(total, unit)}`}${from}`
}
