import type { Duplex } from 'node:stream'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import type { Identity, PairRecord } from '../mux/pair-record.js'

/** How the phone is to be waited for. */
interface Handshake {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for the whole handshake. */
  readonly limit: number
}

/**
 * Makes TLS of a connection, with the identity of the pair record. Resolves when the handshake is over, so that a phone that speaks
 * first is heard. The phone is trusted by the cable and not by its certificate, as by all programs that speak with phones: its
 * certificate is signed by a root that the computer made itself.
 *
 * @throws HoldfastError `DEVICE_TLS_FAILED`, `DEVICE_SILENT`, `DEVICE_LOST` when the connection ends before; the signal's reason when it is
 *   aborted. The connection is ended then.
 */
export async function secureStream(
  stream: Duplex,
  record: PairRecord,
  { signal, limit }: Handshake,
): Promise<TLSSocket> {
  let secure: TLSSocket | null = null
  try {
    signal?.throwIfAborted()
    const socket = connect({ socket: stream, secureContext: contextOf(record), rejectUnauthorized: false })
    secure = socket
    await shaken(socket, signal, limit)
    return socket
  } catch (error) {
    secure?.destroy()
    stream.destroy()
    throw error
  }
}

/**
 * The identity of the computer, or the root that signed it: phones take both. Pair records made by the usbmuxd of Debian 12 and Ubuntu
 * 24.04 are signed with SHA-1, which OpenSSL 3 refuses to present; a root signs itself, and is not looked at. Lowering the level of
 * security instead would not work in Electron, whose BoringSSL has none.
 */
function contextOf({ host, root }: PairRecord): SecureContext {
  try {
    return contextWith(host)
  } catch (error) {
    if (systemCodeOf(error) !== 'ERR_SSL_CA_MD_TOO_WEAK') throw tlsFailed(error)
  }
  try {
    return contextWith(root)
  } catch (error) {
    throw tlsFailed(error)
  }
}

function contextWith({ certificate, privateKey }: Identity): SecureContext {
  return createSecureContext({ cert: certificate, key: privateKey, minVersion: 'TLSv1.2' })
}

function shaken(socket: TLSSocket, signal: AbortSignal | undefined, limit: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      socket.off('secureConnect', done)
      socket.off('close', closed)
      then()
    }
    const done = (): void => settle(resolve)
    const aborted = (): void => settle(() => reject(signal?.reason))
    const closed = (): void => settle(() => reject(lost(null)))
    const timer = setTimeout(() => settle(() => reject(silent(limit))), limit)
    socket.once('secureConnect', done)
    socket.once('close', closed)
    // It stays: what fails later is told to whoever reads or writes, and ends no process.
    socket.on('error', (error) =>
      settle(() => reject(isOfConnection(error) ? lost(error) : tlsFailed(error))),
    )
    signal?.addEventListener('abort', aborted)
  })
}

/** With these a connection ends, of whatever is spoken over it: an unplugged phone, and not one that does not like what it was told. */
const ends = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'])

function isOfConnection(error: unknown): boolean {
  return ends.has(systemCodeOf(error) ?? '')
}

function lost(cause: unknown): HoldfastError {
  return new HoldfastError('DEVICE_LOST', 'The connection to the iPhone ended while it was being encrypted', {
    hint: 'Connect the iPhone again, with a cable that holds, and leave it connected until the work is done.',
    facts: { systemCode: systemCodeOf(cause) },
    ...(cause === null ? {} : { cause }),
  })
}

function tlsFailed(cause: unknown): HoldfastError {
  return new HoldfastError('DEVICE_TLS_FAILED', 'The encrypted connection to the iPhone could not be made', {
    hint: 'Disconnect the iPhone, connect it again, unlock it, and tap “Trust” if it asks.',
    facts: { systemCode: systemCodeOf(cause) },
    ...(cause === null ? {} : { cause }),
  })
}

function silent(milliseconds: number): HoldfastError {
  return new HoldfastError('DEVICE_SILENT', 'The iPhone did not finish its part of the encryption', {
    hint: 'Unlock the iPhone, connect it again, and try again.',
    facts: { milliseconds },
  })
}
