import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { plistDict } from '../../plist/plist-value.js'
import { PlistWire } from '../wire/plist-wire.js'

/** The name of the service, for lockdown. */
export const notificationProxy = 'com.apple.mobile.notification_proxy'

/**
 * Tells a phone what happens on this computer, and is told what happens on the phone. The notifications of the phone come as
 * a sequence, which ends when the connection does; nobody has to read it.
 */
export class NotificationProxy {
  readonly #wire: PlistWire

  /** On a connection to the service, as lockdown gives it. */
  constructor(stream: Duplex) {
    this.#wire = new PlistWire(stream, 'xml')
  }

  /** Asks to be told when this happens on the phone. Throws HoldfastError `DEVICE_LOST`. */
  async observe(name: string): Promise<void> {
    await this.#wire.send(plistDict({ Command: 'ObserveNotification', Name: name }))
  }

  /** Tells the phone that this happened. Throws HoldfastError `DEVICE_LOST`. */
  async post(name: string): Promise<void> {
    await this.#wire.send(plistDict({ Command: 'PostNotification', Name: name }))
  }

  /**
   * The names of what happens on the phone, as it is told, until the connection ends in whatever way, or the signal is aborted. For
   * one reader.
   *
   * @throws HoldfastError `DEVICE_PROTOCOL`.
   */
  async *happenings({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<string> {
    try {
      for (;;) {
        const message = await this.#wire.receiveDict({ signal })
        const [command, name] = [message.get('Command'), message.get('Name')]
        if (command === 'ProxyDeath') return
        if (command === 'RelayNotification' && typeof name === 'string') yield name
      }
    } catch (error) {
      const over = signal?.aborted === true || (isHoldfastError(error) && error.code === 'DEVICE_LOST')
      if (!over) throw error
    }
  }

  /** Ends it in order; resolves when the phone was told, also when the phone is gone. Whoever reads the happenings comes to their end. */
  async end(): Promise<void> {
    try {
      await this.#wire.send(plistDict({ Command: 'Shutdown' }))
      await this.#wire.wire.end()
    } catch {
      this.close()
    }
  }

  /** Ends the connection at once. */
  close(): void {
    this.#wire.wire.close()
  }
}
