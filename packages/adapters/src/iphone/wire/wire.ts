import type { Duplex } from 'node:stream'
import { HoldfastError, systemCodeOf } from '@holdfast/core'

/** Milliseconds for which the other side is waited for that has heard the last word. */
const farewell = 1000

/** What TLS gives at a time. A stream hands such a piece out as it came; of more it makes a copy, and memory for it. */
const recordBytes = 16 * 1024

/** How long to wait, and who may end the waiting. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without a single byte. @default none: for as long as the other side keeps the connection */
  readonly silence?: number | undefined
}

/**
 * Takes exact numbers of bytes out of a connection, and puts bytes into it no faster than the other side takes them. What was not
 * asked for stays in the stream, so the stream can be handed on at any boundary: to TLS, or to another protocol.
 */
export class Wire {
  /** The connection. Only one of the two may read from it at a time. */
  readonly stream: Duplex
  readonly #name: string
  #failure: unknown = null

  /** `name` is what the other side is called in messages, such as `the iPhone`. */
  constructor(stream: Duplex, name = 'the iPhone') {
    this.stream = stream
    this.#name = name
    // Without a listener a reset connection would end the process of the host; whoever reads or writes is told.
    stream.on('error', (error) => {
      this.#failure ??= error
    })
  }

  /**
   * Exactly `count` bytes.
   *
   * @throws HoldfastError `DEVICE_LOST` when the connection ends before, `DEVICE_SILENT`; the signal's reason when it is aborted.
   */
  async read(count: number, waiting: Waiting = {}): Promise<Buffer> {
    if (count === 0) return Buffer.alloc(0)
    return this.#until('readable', waiting, () => {
      const bytes = this.#take(count)
      if (bytes?.length === count) return bytes
      if (bytes !== null || this.#over) throw this.#lost()
      return undefined
    })
  }

  /**
   * Exactly `count` bytes if they have come, else null: of a thousand small pieces most are there already, and to wait for each takes longer
   * than to read it. Throws the signal's reason.
   */
  take(count: number, { signal }: Pick<Waiting, 'signal'> = {}): Buffer | null {
    signal?.throwIfAborted()
    // At its end a stream gives what it has left.
    return this.stream.readableLength < count ? null : this.#take(count)
  }

  /** At least one byte and at most `most`, as they come. Throws as {@link read}. */
  async readSome(most: number, waiting: Waiting = {}): Promise<Buffer> {
    return this.#until('readable', waiting, () => {
      const bytes = this.#take(Math.min(most, Math.max(1, this.stream.readableLength)))
      if (bytes === null && this.#over) throw this.#lost()
      return bytes ?? undefined
    })
  }

  /**
   * Puts the next bytes into a buffer of the caller's until it is full: what comes in many pieces is waited for once, and no piece lives
   * longer than its copying. Throws as {@link read}.
   */
  async fill(bytes: Buffer, waiting: Waiting = {}): Promise<void> {
    let at = 0
    await this.#until('readable', waiting, () => {
      while (at < bytes.length) {
        const some = Math.min(bytes.length - at, recordBytes, Math.max(1, this.stream.readableLength))
        const piece = this.#take(some)
        if (piece === null && this.#over) throw this.#lost()
        if (piece === null) return undefined
        at += piece.copy(bytes, at)
      }
      return true
    })
  }

  /** Writes bytes; resolves when more may be written. Throws as {@link read}. */
  async write(bytes: Uint8Array, waiting: Waiting = {}): Promise<void> {
    waiting.signal?.throwIfAborted()
    if (this.stream.destroyed || this.stream.writableEnded) throw this.#lost()
    this.stream.write(bytes)
    await this.#until('drain', waiting, () => {
      if (this.stream.destroyed) throw this.#lost()
      return this.stream.writableNeedDrain ? undefined : true
    })
  }

  /**
   * Ends the connection once all that was written is sent, and waits a moment for the other side to do the same, so that the last word is not
   * lost with a connection that is cut. What still comes is passed over. Never fails.
   */
  async end(): Promise<void> {
    const { stream } = this
    if (stream.destroyed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, farewell)
      stream.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      stream.end()
      stream.resume()
    })
    stream.destroy()
  }

  /** Ends the connection at once. */
  close(): void {
    this.stream.destroy()
  }

  get #over(): boolean {
    return this.stream.readableEnded || this.stream.destroyed
  }

  #take(count: number): Buffer | null {
    const bytes: unknown = this.stream.read(count)
    return Buffer.isBuffer(bytes) ? bytes : null
  }

  /** Looks now, and at each event, until there is something. It listens only meanwhile, so that the stream can be handed on. */
  async #until<Found>(
    event: 'readable' | 'drain',
    { signal, silence }: Waiting,
    look: () => Found | undefined,
  ): Promise<Found> {
    signal?.throwIfAborted()
    const found = look()
    if (found !== undefined) return found
    const { stream } = this
    const events = [event, 'end', 'close', 'error']
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const settle = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        for (const each of events) stream.off(each, again)
      }
      const aborted = (): void => {
        settle()
        reject(signal?.reason)
      }
      const wait = (): void => {
        if (silence === undefined) return
        // A file comes in pieces of 16 KiB, tens of thousands a second: each begins the silence anew, and none makes a timer.
        if (timer !== undefined) return void timer.refresh()
        timer = setTimeout(() => {
          settle()
          reject(this.#silent(silence))
        }, silence)
      }
      const again = (): void => {
        try {
          const result = look()
          if (result === undefined) return wait()
          settle()
          resolve(result)
        } catch (error) {
          settle()
          reject(error)
        }
      }
      for (const each of events) stream.on(each, again)
      signal?.addEventListener('abort', aborted)
      wait()
    })
  }

  #lost(): HoldfastError {
    return new HoldfastError('DEVICE_LOST', `The connection to ${this.#name} ended`, {
      hint: 'Connect the iPhone again, with a cable that holds, and leave it connected until the work is done.',
      facts: { systemCode: systemCodeOf(this.#failure) },
      ...(this.#failure === null ? {} : { cause: this.#failure }),
    })
  }

  #silent(milliseconds: number): HoldfastError {
    return new HoldfastError('DEVICE_SILENT', `There was no answer from ${this.#name}`, {
      hint: 'Unlock the iPhone, connect it again, and try again. If that does not help, restart it.',
      facts: { milliseconds },
    })
  }
}
