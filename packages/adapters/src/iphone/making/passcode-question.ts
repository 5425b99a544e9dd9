import type { AcquireContext } from '@holdfast/core/import'
import { askHuman, type OpenQuestion } from './human.js'

/**
 * The question for the passcode, which phones with iOS 16.1 and newer ask for at the beginning of every backup: shown here as long as the
 * phone shows it. It keeps nothing waiting but the clock that a stall is told by; after about three minutes the phone gives up by itself.
 */
export class PasscodeQuestion {
  readonly #ask: AcquireContext['ask']
  readonly #onOpen: (isOpen: boolean) => void
  #open: OpenQuestion | null = null
  #closing: Promise<void> = Promise.resolve()

  constructor(ask: AcquireContext['ask'], onOpen: (isOpen: boolean) => void) {
    this.#ask = ask
    this.#onOpen = onOpen
  }

  /** Shows the question, or no more. Safe to repeat. */
  show(isAsked: boolean): void {
    if (isAsked === (this.#open !== null)) return
    const open = this.#open
    this.#onOpen(isAsked)
    if (open === null) {
      // One question at a time: the one before is taken away first.
      this.#open = { kind: 'passcode', over: this.#closing, close: () => this.#closing }
      void this.#closing.then(() => {
        if (this.#open !== null) this.#open = askHuman(this.#ask, 'passcode')
      })
    } else {
      this.#open = null
      this.#closing = open.close()
    }
  }
}
