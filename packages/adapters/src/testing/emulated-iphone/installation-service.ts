import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { PlistWire } from '../../iphone/wire/plist-wire.js'
import { isDict, isList, type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import type { PhoneService } from './phone-services.js'
import type { Transcript } from './transcript.js'

/** Apps that are named in one message. */
const pageSize = 20

/** The installation proxy, as far as backups use it: it names the apps of the phone. */
export class InstallationService implements PhoneService {
  readonly name = 'com.apple.mobile.installation_proxy'
  /** The apps that somebody installed, by their ids, with all that the phone knows of each. */
  readonly apps = new Map<string, Readonly<Record<string, PlistValue>>>()
  readonly #transcript: Transcript

  constructor(transcript: Transcript) {
    this.#transcript = transcript
  }

  async serve(stream: Duplex): Promise<void> {
    const wire = new PlistWire(stream, 'as-received')
    try {
      for (;;) await this.#browse(wire, await wire.receiveDict())
    } catch (error) {
      if (!isHoldfastError(error) || error.code === 'DEVICE_PROTOCOL') throw error
    }
  }

  async #browse(wire: PlistWire, message: PlistDict): Promise<void> {
    const [command, options] = [message.get('Command'), message.get('ClientOptions')]
    this.#transcript.host(this.name, typeof command === 'string' ? command : 'nothing')
    const wanted = isDict(options) ? options.get('ReturnAttributes') : undefined
    if (command !== 'Browse') throw new Error('a command that is not to browse')
    if (!isDict(options) || options.get('ApplicationType') !== 'User' || !isList(wanted)) {
      throw new Error('browsing for other apps than those of the user, or for all that is known of them')
    }
    const known = [...this.apps].map(([id, more]) => ({ CFBundleIdentifier: id, ...more }))
    for (let at = 0; at < known.length; at += pageSize) {
      const page = known.slice(at, at + pageSize)
      const CurrentList = page.map(
        (app) => new Map(Object.entries(app).filter(([name]) => wanted.includes(name))),
      )
      const counts = { CurrentAmount: page.length, CurrentIndex: at, Total: known.length }
      await wire.send(plistDict({ Status: 'BrowsingApplications', CurrentList, ...counts }))
    }
    await wire.send(plistDict({ Status: 'Complete' }))
  }
}
