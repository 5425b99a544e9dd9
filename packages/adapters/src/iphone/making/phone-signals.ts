import type { NotificationProxy } from '../notifications/notification-proxy.js'

/** What a host posts while it makes a backup. */
export const posted = {
  willStart: 'com.apple.itunes-mobdev.syncWillStart',
  lockRequest: 'com.apple.itunes-mobdev.syncLockRequest',
  didStart: 'com.apple.itunes-mobdev.syncDidStart',
  didFinish: 'com.apple.itunes-mobdev.syncDidFinish',
} as const

const cancelRequest = 'com.apple.itunes-client.syncCancelRequest'
const passcodeShown = 'com.apple.LocalAuthentication.ui.presented'
const passcodeGone = 'com.apple.LocalAuthentication.ui.dismissed'

const observed = [
  cancelRequest,
  'com.apple.itunes-client.syncSuspendRequest',
  'com.apple.itunes-client.syncResumeRequest',
  'com.apple.mobile.backup.domain_changed',
  passcodeShown,
  passcodeGone,
]

/** What happens on a phone while a backup is made of it. */
export interface PhoneSignals {
  /** Somebody cancelled on the phone. */
  readonly onCancel: () => void
  /** The phone asks for its passcode, or does no more. */
  readonly onPasscode: (isAsked: boolean) => void
  /** Any sign of life. */
  readonly onActivity: () => void
}

/**
 * Listens to what happens on a phone, until the connection ends. A connection that fails says nothing more, and fails nothing: the backup
 * goes on without it.
 */
export async function listenToPhone(proxy: NotificationProxy, signals: PhoneSignals): Promise<void> {
  for (const name of observed) await proxy.observe(name)
  void hear(proxy, signals)
}

async function hear(
  proxy: NotificationProxy,
  { onCancel, onPasscode, onActivity }: PhoneSignals,
): Promise<void> {
  try {
    for await (const name of proxy.happenings()) {
      onActivity()
      if (name === cancelRequest) onCancel()
      else if (name === passcodeShown) onPasscode(true)
      else if (name === passcodeGone) onPasscode(false)
    }
  } catch {
    // What is no notification ends the listening.
  } finally {
    onPasscode(false)
  }
}
