/** A gate at which calls wait until a test opens it. */
export class Gate {
  readonly #open: Promise<void>
  readonly #reached: Promise<void>
  #setOpen: () => void = () => {}
  #setReached: () => void = () => {}

  constructor() {
    this.#open = new Promise((resolve) => (this.#setOpen = resolve))
    this.#reached = new Promise((resolve) => (this.#setReached = resolve))
  }

  /** Resolves when the gate is open. */
  pass(): Promise<void> {
    this.#setReached()
    return this.#open
  }

  /** Resolves when somebody waits at the gate, or has passed it. */
  get reached(): Promise<void> {
    return this.#reached
  }

  /** Lets everybody pass, now and later. */
  open(): void {
    this.#setOpen()
  }
}
