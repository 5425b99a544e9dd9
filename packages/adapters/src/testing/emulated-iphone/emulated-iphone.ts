import type { Duplex } from 'node:stream'
import { lockdownPort } from '../../iphone/mux/mux-transport.js'
import { AfcService } from './afc-service.js'
import { BackupService } from './backup-service/backup-service.js'
import { InstallationService } from './installation-service.js'
import { Lockdownd } from './lockdownd.js'
import { type MuxedPhone, MuxServer } from './mux-server.js'
import { NotificationService } from './notification-service.js'
import { type EmulatedIphoneOptions, resolveOptions } from './options.js'
import { type Pairing, pair, pairRecordFile } from './pairing.js'
import { PhoneServices } from './phone-services.js'
import { phoneValues } from './phone-values.js'
import { Transcript } from './transcript.js'

export type { EmulatedIphoneOptions } from './options.js'

/** Takes a connection to a port of the phone. */
export type PortListener = (stream: Duplex) => void | Promise<void>

/**
 * An iPhone on a cable that is not there: the mux of the system with one phone on it, over real sockets on the loopback, with
 * lockdown and TLS, the notification proxy, AFC with the lock of backups, and backups of a tree of files. It speaks as phones do, and writes down what was said and what the host
 * did that phones do not allow. It proves that a host speaks the protocol, not how iOS behaves.
 */
export class EmulatedIphone {
  readonly udid: string
  /** What was said, and what the host should not have done. */
  readonly transcript: Transcript
  readonly pairing: Pairing
  /** What lockdown fails with, by its request: `{ StartSession: 'InvalidHostID' }`, or `{ 'StartService com.apple.afc': 'PasswordProtected' }`. */
  readonly lockdownFaults = new Map<string, string>()
  readonly notifications: NotificationService
  readonly files: AfcService
  /** What is installed on it. */
  readonly installation: InstallationService
  /** Its backups: the tree of files that they take, their password, and what is to go wrong. */
  readonly backups: BackupService
  readonly #mux: MuxServer
  readonly #entries: readonly MuxedPhone[]
  readonly #listeners = new Map<number, PortListener>()
  #attached: readonly number[] = []
  #isTrusted: boolean
  #stopped = false

  private constructor(
    mux: MuxServer,
    pairing: Pairing,
    options: ReturnType<typeof resolveOptions>,
    transcript: Transcript,
  ) {
    this.transcript = transcript
    this.udid = options.udid
    this.pairing = pairing
    this.#mux = mux
    this.notifications = new NotificationService(transcript)
    this.files = new AfcService(transcript)
    this.installation = new InstallationService(transcript)
    const { notifications, files, installation } = this
    this.backups = new BackupService({ ...options, notifications, files, transcript })
    const services = new PhoneServices(
      this,
      [notifications, files, installation, this.backups],
      options,
      transcript,
    )
    const lockdown = new Lockdownd({
      values: () => phoneValues(options, this.backups.willEncrypt),
      pairing,
      services,
      faults: this.lockdownFaults,
      transcript,
      tls: options.tls,
    })
    this.#listeners.set(lockdownPort, (stream) => lockdown.serve(stream))
    this.#isTrusted = options.pairRecord !== 'none'
    const pairRecord = pairRecordFile(pairing, options.pairRecord === 'binary' ? 'binary' : 'xml')
    const listedAs = options.listedWithoutDash ? options.udid.replace('-', '') : options.udid
    const cable: MuxedPhone = {
      udid: options.udid,
      listedAs,
      connection: 'USB',
      pairRecord: () => (this.#isTrusted ? pairRecord : null),
      listener: (port) => {
        const listener = this.#listeners.get(port)
        return listener === undefined ? null : async (stream) => listener(stream)
      },
    }
    // The network comes first, as muxes list what they found first.
    this.#entries = options.alsoOnNetwork ? [{ ...cable, connection: 'Network' }, cable] : [cable]
  }

  /**
   * Starts a phone that is plugged in.
   *
   * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `DRIVER_MISSING`; what listening throws, such as a socket that exists.
   */
  static async start(options: EmulatedIphoneOptions = {}): Promise<EmulatedIphone> {
    const resolved = resolveOptions(options)
    const transcript = new Transcript()
    const mux = new MuxServer(transcript)
    const phone = new EmulatedIphone(mux, await pair(mux.buid, resolved.certificates), resolved, transcript)
    await mux.listen(resolved.socketPath)
    phone.plugIn()
    return phone
  }

  /** Where its mux listens: for `USBMUXD_SOCKET_ADDRESS`, and for the option `address` of a transport. */
  get address(): string {
    return this.#mux.address
  }

  /** The id of the computer that it is plugged into. */
  get buid(): string {
    return this.#mux.buid
  }

  /** Plugs it in. */
  plugIn(): void {
    if (this.#attached.length === 0) this.#attached = this.#entries.map((entry) => this.#mux.attach(entry))
  }

  /** Pulls the cable: every connection ends at once. */
  unplug(): void {
    this.#attached = []
    for (const entry of this.#entries) this.#mux.detach(entry)
  }

  /** Somebody taps “Trust”: the mux has a pair record from now on. */
  trust(): void {
    this.#isTrusted = true
  }

  /** From now on the mux takes questions and gives no answers. */
  fallSilent(): void {
    this.#mux.silent = true
  }

  /** Listens on a port. The listener gets each connection; what it throws ends the connection. */
  listen(port: number, listener: PortListener): void {
    this.#listeners.set(port, listener)
  }

  /** Listens on a port no longer. */
  unlisten(port: number): void {
    this.#listeners.delete(port)
  }

  /** Ends every connection and the mux. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.#mux.close()
  }
}
