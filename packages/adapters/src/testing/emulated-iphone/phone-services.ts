import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import type { Transcript } from './transcript.js'

/** A service of a phone, which lockdown starts. */
export interface PhoneService {
  /** Its name, such as `com.apple.afc`. */
  readonly name: string
  /** Speaks on a connection until it ends. What it throws is told in the transcript, and ends the connection. */
  serve(stream: Duplex): Promise<void>
}

/** What can be listened on. */
interface Ports {
  listen(port: number, listener: (stream: Duplex) => Promise<void>): void
  unlisten(port: number): void
}

/** The services of a phone, each started on a port of its own, for one connection. */
export class PhoneServices {
  readonly #ports: Ports
  readonly #services = new Map<string, PhoneService>()
  readonly #transcript: Transcript
  /** Whether they speak TLS. */
  readonly tls: boolean
  #lastPort = 49_152

  constructor(
    ports: Ports,
    services: readonly PhoneService[],
    options: { readonly serviceTls: boolean },
    transcript: Transcript,
  ) {
    this.#ports = ports
    this.tls = options.serviceTls
    this.#transcript = transcript
    for (const service of services) this.#services.set(service.name, service)
  }

  /** Starts a service; gives its port, or null when there is none of that name. `secure` makes TLS of a connection. */
  start(name: string, secure: (stream: Duplex) => Promise<Duplex>): number | null {
    const service = this.#services.get(name)
    if (service === undefined) return null
    const port = ++this.#lastPort
    this.#ports.listen(port, async (stream) => {
      this.#ports.unlisten(port)
      try {
        await service.serve(this.tls ? await secure(stream) : stream)
      } catch (error) {
        // Whoever hangs up, or whose phone was unplugged, has done nothing wrong.
        if (isHoldfastError(error) && error.code === 'DEVICE_LOST') return
        this.#transcript.complain(name, error instanceof Error ? error.message : String(error))
      } finally {
        stream.destroy()
      }
    })
    return port
  }
}
