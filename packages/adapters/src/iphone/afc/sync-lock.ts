import { type Clock, HoldfastError, systemClock } from '@holdfast/core'
import { type Afc, afcModes } from './afc.js'

/** The file whose lock tells all programs that one of them backs the phone up or synchronises it. */
const lockFile = '/com.apple.itunes.lock_sync'

/** Apple's own programs wait as long: ten seconds. */
const attempts = 50
const between = 200

/** How to wait for the lock. */
export interface SyncLockOptions {
  readonly signal?: AbortSignal | undefined
  /** @default the clock of the machine */
  readonly clock?: Clock
  /** Called when the file is open and before the lock is taken: the moment at which the phone is told that it is asked for. */
  readonly onOpen?: () => Promise<void>
}

/** The lock of backups, which this program holds. */
export interface SyncLock {
  /** Lets it go; resolves also when the phone is gone, whose locks end with the connection. */
  release(): Promise<void>
}

/**
 * Takes the lock of backups, trying for ten seconds.
 *
 * @throws HoldfastError `SYNC_UNDER_WAY` when another program keeps it; as {@link Afc}; the signal's reason when it is aborted.
 */
export async function takeSyncLock(afc: Afc, options: SyncLockOptions = {}): Promise<SyncLock> {
  const { signal, clock = systemClock, onOpen } = options
  const handle = await afc.open(lockFile, afcModes.readAndCreate)
  if (handle === null) throw busy()
  try {
    await onOpen?.()
    for (let attempt = 1; !(await afc.lock(handle)); attempt++) {
      if (attempt === attempts) throw busy()
      await pause(clock, between, signal)
    }
  } catch (error) {
    await afc.close(handle).catch(() => {})
    throw error
  }
  return {
    release: async () => {
      try {
        await afc.unlock(handle)
        await afc.close(handle)
      } catch {
        // What cannot be let go any more ends with the connection.
      }
    },
  }
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason)
      return
    }
    const aborted = (): void => {
      clock.clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

function busy(): HoldfastError {
  return new HoldfastError('SYNC_UNDER_WAY', 'Another program backs the iPhone up or synchronises it', {
    hint: 'Let Finder, iTunes or the Apple Devices app finish, or close them, and try again.',
  })
}
