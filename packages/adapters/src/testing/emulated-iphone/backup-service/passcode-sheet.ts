import type { NotificationService } from '../notification-service.js'
import { failureCodes, PhoneFailure } from './phone-failure.js'

/** The sheet on which a phone since iOS 16.1 asks for its passcode before each backup. */
export class PasscodeSheet {
  /** Whether it asks. @default false, as a phone without a passcode */
  asks = false
  readonly #notifications: NotificationService
  #answer: ((entered: boolean) => void) | null = null

  constructor(notifications: NotificationService) {
    this.#notifications = notifications
  }

  /** Whether it is on the screen. */
  get isShown(): boolean {
    return this.#answer !== null
  }

  /** Somebody enters the passcode. Nothing where the sheet is not shown. */
  enter(): void {
    this.#answer?.(true)
  }

  /** Nobody enters it: what a phone does after some three minutes. */
  expire(): void {
    this.#answer?.(false)
  }

  /** Asks, where it asks; `shown` is told when the sheet is there. Throws {@link PhoneFailure} 208 when nobody enters it. */
  async ask(shown: () => Promise<void>): Promise<void> {
    if (!this.asks) return
    const answered = new Promise<boolean>((resolve) => {
      this.#answer = resolve
    })
    try {
      await this.#notifications.tell('com.apple.LocalAuthentication.ui.presented')
      await shown()
      if (!(await answered)) throw new PhoneFailure(failureCodes.locked, 'Device locked')
    } finally {
      this.#answer = null
      await this.#notifications.tell('com.apple.LocalAuthentication.ui.dismissed')
    }
  }
}
