import type { Clock } from '@holdfast/core'
import type { AcquireContext } from '@holdfast/core/import'
import type { Transferred } from '../mobilebackup2/progress-meter.js'
import type { HostGuard } from './host-guard.js'
import type { HumanKind } from './human.js'

/** What is happening while a backup is made. `waiting-for-…`: somebody has to do something on the phone. */
export type IphonePhase =
  | 'connecting'
  | 'waiting-for-trust'
  | 'waiting-for-unlock'
  | 'waiting-for-passcode'
  | 'preparing'
  | 'receiving'
  | 'finishing'

/** How far a backup has come; plain JSON. */
export type IphoneState = Transferred & { readonly phase: IphonePhase }

/** Milliseconds between two words of progress in the same phase. */
const between = 100

/** Tells a run, and whoever else wants to know, how a backup goes. Throws nothing of what they throw: see {@link HostGuard}. */
export class StateTeller {
  readonly #context: Pick<AcquireContext, 'progress' | 'activity'>
  readonly #clock: Clock
  readonly #onState: (state: IphoneState) => void
  readonly #host: HostGuard
  #phase: Exclude<IphonePhase, `waiting-for-${string}`> = 'connecting'
  #waitsFor: HumanKind | null = null
  #transferred: Transferred = { bytes: 0, files: 0, percent: 0 }
  #told = Number.NEGATIVE_INFINITY

  constructor(
    context: Pick<AcquireContext, 'progress' | 'activity'>,
    clock: Clock,
    onState: (state: IphoneState) => void,
    host: HostGuard,
  ) {
    this.#context = context
    this.#clock = clock
    this.#onState = onState
    this.#host = host
    this.#tell()
  }

  /** A phase goes on, or another begins. */
  phase(phase: 'preparing' | 'receiving' | 'finishing', transferred: Transferred = this.#transferred): void {
    const isNew = phase !== this.#phase
    this.#phase = phase
    this.#transferred = transferred
    if (isNew || this.#clock.now() - this.#told >= between) this.#tell()
  }

  /** A human is waited for, or no more. */
  waitsFor(kind: HumanKind | null): void {
    this.#waitsFor = kind
    this.#tell()
  }

  /** A sign of life. */
  alive(): void {
    this.#host.tell(() => this.#context.activity())
  }

  #tell(): void {
    this.#told = this.#clock.now()
    const phase: IphonePhase = this.#waitsFor === null ? this.#phase : `waiting-for-${this.#waitsFor}`
    const { bytes, files, percent } = this.#transferred
    this.#host.tell(() => this.#onState({ phase, bytes, files, percent }))
    const progress = {
      done: bytes,
      // Phones say a share and no sum. A finished share is not the end of the work: the backup is looked at then.
      total: percent < 1 ? null : Math.max(bytes, Math.round((bytes * 100) / percent)),
      unit: 'bytes',
      label: files === 0 ? phase : `${phase} (${files} files)`,
    }
    this.#host.tell(() => this.#context.progress(progress))
  }
}
