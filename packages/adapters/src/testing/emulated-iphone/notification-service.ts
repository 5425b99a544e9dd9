import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { PlistWire } from '../../iphone/wire/plist-wire.js'
import { plistDict } from '../../plist/plist-value.js'
import type { PhoneService } from './phone-services.js'
import type { Transcript } from './transcript.js'

/** The notification proxy: hosts post what happens to them, and are told what happens on the phone. */
export class NotificationService implements PhoneService {
  readonly name = 'com.apple.mobile.notification_proxy'
  readonly #transcript: Transcript
  /** What each connection wants to be told. */
  readonly #observers = new Map<PlistWire, Set<string>>()

  constructor(transcript: Transcript) {
    this.#transcript = transcript
  }

  /** Tells those who want to know that something happened on the phone. Resolves when it was sent; with how many were told. */
  async tell(name: string): Promise<number> {
    const told = [...this.#observers].filter(([, names]) => names.has(name))
    for (const [wire] of told) await wire.send(plistDict({ Command: 'RelayNotification', Name: name }))
    this.#transcript.phone(this.name, 'RelayNotification', { name })
    return told.length
  }

  async serve(stream: Duplex): Promise<void> {
    const wire = new PlistWire(stream, 'as-received')
    const names = new Set<string>()
    this.#observers.set(wire, names)
    try {
      for (;;) {
        const message = await wire.receiveDict()
        const [command, name] = [message.get('Command'), message.get('Name')]
        if (command === 'Shutdown') {
          this.#transcript.host(this.name, 'Shutdown')
          await wire.send(plistDict({ Command: 'ProxyDeath' }))
          stream.end()
          return
        }
        if (
          typeof name !== 'string' ||
          (command !== 'ObserveNotification' && command !== 'PostNotification')
        ) {
          throw new Error('a message that is neither to observe, to post, nor to end')
        }
        this.#transcript.host(this.name, command, { name })
        if (command === 'ObserveNotification') names.add(name)
      }
    } catch (error) {
      if (!isHoldfastError(error) || error.code === 'DEVICE_PROTOCOL') throw error
    } finally {
      this.#observers.delete(wire)
    }
  }
}
