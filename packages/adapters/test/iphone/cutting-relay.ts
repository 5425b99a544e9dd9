import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { parseMuxAddress } from '../../src/iphone/mux/mux-address.js'
import type { Cutting } from '../../src/testing/index.js'

/** Milliseconds for which what is sent is gathered where all of it is to be joined. */
const gathering = 2

/** Stands between a host and a mux, over real sockets, and cuts what both say, or joins it. */
export class CuttingRelay {
  /** The mux that it leads to. */
  target = ''
  /** The most that reached the host in one piece. */
  longest = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #cutting: Cutting

  private constructor(cutting: Cutting) {
    this.#cutting = cutting
    this.#server = createServer((host) => {
      const phone = connect(parseMuxAddress(this.target))
      for (const socket of [host, phone]) {
        socket.setNoDelay(true)
        socket.on('error', () => {})
        this.#sockets.add(socket)
      }
      this.#pass(host, phone, () => {})
      this.#pass(phone, host, (length) => {
        this.longest = Math.max(this.longest, length)
      })
    })
  }

  static async listen(cutting: Cutting): Promise<CuttingRelay> {
    const relay = new CuttingRelay(cutting)
    await new Promise<void>((resolve) => relay.#server.listen({ host: '127.0.0.1', port: 0 }, resolve))
    return relay
  }

  get address(): string {
    // A server on TCP has an address of this kind.
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  /** Sends on what comes, a piece a turn, and then that it ended. */
  #pass(from: Socket, to: Socket, onPiece: (length: number) => void): void {
    let waiting = Buffer.alloc(0)
    let isOver = false
    let isAtWork = false
    const next = (): void => {
      if (waiting.length === 0) {
        isAtWork = false
        if (isOver) to.end()
        return
      }
      const length = this.#cutting === 'joined' ? waiting.length : this.#cutting
      const piece = waiting.subarray(0, length)
      waiting = waiting.subarray(length)
      onPiece(piece.length)
      to.write(piece)
      this.#later(next)
    }
    const begin = (): void => {
      if (isAtWork) return
      isAtWork = true
      this.#later(next)
    }
    from.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes])
      begin()
    })
    from.on('close', () => {
      isOver = true
      begin()
    })
  }

  #later(act: () => void): void {
    if (this.#cutting === 'joined') setTimeout(act, gathering)
    else setImmediate(act)
  }
}
