import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyDerivation } from './keybag.js'

const derive = promisify(pbkdf2)

const keyBytes = 32

/**
 * The key that a password gives, which unwraps the class keys: PBKDF2-HMAC-SHA1, and since iOS 10.2 a PBKDF2-HMAC-SHA256 of many
 * more rounds before it. Runs in a thread of libuv's pool, some seconds; the event loop stays free.
 *
 * A signal ends the wait at once. The round that is under way goes on in its thread, because nothing can stop it, and its result is
 * thrown away.
 */
export async function derivePasswordKey(
  password: string,
  derivation: KeyDerivation,
  signal: AbortSignal,
): Promise<Buffer> {
  const { first, salt, iterations } = derivation
  const secret = Buffer.from(password, 'utf8')
  const strengthened =
    first === null
      ? secret
      : await orAborted(derive(secret, first.salt, first.iterations, keyBytes, 'sha256'), signal)
  return orAborted(derive(strengthened, salt, iterations, keyBytes, 'sha1'), signal)
}

async function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
