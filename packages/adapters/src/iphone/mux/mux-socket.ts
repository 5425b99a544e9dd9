import { connect, type Socket } from 'node:net'
import type { MuxAddress } from './mux-address.js'
import { muxUnreachable } from './mux-errors.js'

/** Connects to a mux. Throws HoldfastError `MUX_UNREACHABLE`; the signal's reason when it is aborted. */
export async function openMuxSocket(address: MuxAddress, signal: AbortSignal | undefined): Promise<Socket> {
  signal?.throwIfAborted()
  const socket = connect(address)
  try {
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void => reject(signal?.reason)
      socket.once('connect', () => {
        signal?.removeEventListener('abort', aborted)
        resolve()
      })
      socket.once('error', (error) => {
        signal?.removeEventListener('abort', aborted)
        reject(muxUnreachable(address, error))
      })
      signal?.addEventListener('abort', aborted, { once: true })
    })
  } catch (error) {
    socket.destroy()
    throw error
  }
  socket.setNoDelay(true)
  return socket
}
