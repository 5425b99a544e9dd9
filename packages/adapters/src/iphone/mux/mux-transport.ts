import type { Duplex } from 'node:stream'
import type { PairRecord } from './pair-record.js'

/** A phone that is attached, as the mux knows it. */
export interface MuxDevice {
  /** Its id as the phone itself says it: 40 hexadecimal digits, or 8-16 with a dash. */
  readonly udid: string
  /** What `connect` needs. The mux gives another one each time the phone is attached. */
  readonly deviceId: number
  readonly connection: 'usb' | 'network'
}

/** What can be given to each call of a {@link MuxTransport}. */
export interface MuxOptions {
  /** Ends the call, and what it opened; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Port: the service of the system that speaks with phones over the cable (usbmuxd; Apple's own on macOS and Windows). Each call
 * stands alone and can be repeated; nothing is kept open but what `connect` and `watch` return.
 *
 * Every method throws HoldfastError `MUX_UNREACHABLE` when the service is not there, `MUX_FAILED` when it answers what it should not,
 * `DEVICE_SILENT` when it does not answer, `DEVICE_LOST` when it goes away meanwhile.
 */
export interface MuxTransport {
  /** The phones that are attached, one entry for each: the cable, where one is also reached over the network. Those with a cable come first. */
  list(options?: MuxOptions): Promise<readonly MuxDevice[]>

  /**
   * The list as it is now, and then each time that it has changed, until the loop over it ends or the signal is aborted; then it
   * ends without an error. Nobody misses a change between the two: a slow reader gets the newest list only.
   */
  watch(options?: MuxOptions): AsyncIterable<readonly MuxDevice[]>

  /** The id under which this computer pairs with phones. */
  readBuid(options?: MuxOptions): Promise<string>

  /**
   * What this computer and the phone agreed on when somebody tapped “Trust”.
   *
   * @throws HoldfastError `DEVICE_NOT_PAIRED` when nobody has yet.
   */
  readPairRecord(udid: string, options?: MuxOptions): Promise<PairRecord>

  /**
   * Connects to a port of a phone. The stream is paused, and holds all that the phone sent since: read from it, resume it, or give it
   * to TLS.
   *
   * @throws HoldfastError `DEVICE_NOT_FOUND` when the phone is not attached any more, `DEVICE_REFUSED` when nothing listens there.
   */
  connect(device: MuxDevice, port: number, options?: MuxOptions): Promise<Duplex>
}

/** The port of the service that opens all others on a phone. */
export const lockdownPort = 62_078
