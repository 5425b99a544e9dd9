import type { Clock } from '@holdfast/core'
import type { AcquireContext } from '@holdfast/core/import'

/** What somebody has to do on the phone. */
export type HumanKind = 'trust' | 'unlock' | 'passcode'

const messages: Readonly<Record<HumanKind, string>> = {
  trust:
    'Unlock the iPhone, tap “Trust” when it asks, and enter its passcode. If it does not ask, disconnect it and connect it again.',
  unlock: 'Unlock the iPhone with its passcode, and leave it unlocked.',
  passcode: 'Enter the passcode on the iPhone: it asks for it before every backup.',
}

/** A question that is open: to be seen on this computer, and answered on the phone. */
export interface OpenQuestion {
  readonly kind: HumanKind
  /** Resolves when somebody said here that it is done, or it was closed. */
  readonly over: Promise<void>
  /** The phone knows that it is done. Resolves when the question is shown no more. */
  close(): Promise<void>
}

/** Asks for something that is done on the phone. What the asking fails with (the run is cancelled) ends the question like an answer. */
export function askHuman(ask: AcquireContext['ask'], kind: HumanKind): OpenQuestion {
  let close = (): void => {}
  const elsewhere = new Promise<true>((resolve) => {
    close = () => resolve(true)
  })
  const over = ask({ kind, message: messages[kind], elsewhere }).then(
    () => {},
    () => {},
  )
  return {
    kind,
    over,
    close: () => {
      close()
      return over
    },
  }
}

/** Waits for a time, or until something else happens. Throws the signal's reason. */
export async function pause(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
  sooner: Promise<unknown> = new Promise(() => {}),
): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const settle = (then: () => void): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      then()
    }
    const aborted = (): void => settle(() => reject(signal.reason))
    const timer = clock.setTimeout(() => settle(resolve), milliseconds)
    signal.addEventListener('abort', aborted, { once: true })
    void sooner.then(() => settle(resolve))
  })
}
