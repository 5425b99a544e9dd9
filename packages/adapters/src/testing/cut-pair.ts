import { Duplex } from 'node:stream'

/** How what one side writes reaches the other. */
export type Cutting =
  /** In pieces of at most so many bytes, each in a turn of its own. */
  | number
  /** All that was written in one turn in one piece. */
  | 'joined'

/** The two ends of a connection in memory, which cuts what is sent over it: for tests of both sides of a protocol at every boundary. */
export function cutPair(cutting: Cutting): readonly [Duplex, Duplex] {
  const [one, other] = [new End(cutting), new End(cutting)]
  one.other = other
  other.other = one
  return [one, other]
}

/** Bytes that are under way before who writes has to wait. */
const mostHeld = 256 * 1024

class End extends Duplex {
  other: End | null = null
  readonly #cutting: Cutting
  /** What this side wrote and the other has not. */
  #sent: Buffer[] = []
  #held = 0
  #whenTaken: (() => void) | null = null
  #underWay = false
  /** Goes on with what the other side writes, when this one reads again. */
  #wanted: (() => void) | null = null
  #ended = false

  constructor(cutting: Cutting) {
    super({ allowHalfOpen: false })
    this.#cutting = cutting
  }

  override _read(): void {
    const wanted = this.#wanted
    this.#wanted = null
    wanted?.()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#sent.push(bytes)
    this.#held += bytes.length
    // Who sends without end has to wait for who reads.
    if (this.#held < mostHeld) done()
    else this.#whenTaken = done
    this.#deliver()
  }

  override _final(done: () => void): void {
    this.#ended = true
    this.#deliver()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this
    setImmediate(() => other?.destroy())
    done(error)
  }

  #deliver(): void {
    if (this.#underWay) return
    this.#underWay = true
    setImmediate(() => this.#deliverOne())
  }

  /** Delivers one piece, and goes on in the next turn, when the other side has room. */
  #deliverOne(): void {
    const { other } = this
    if (other === null || other.destroyed) return
    const piece = this.#next()
    if (piece === null) {
      this.#underWay = false
      if (this.#ended) other.push(null)
      return
    }
    this.#held -= piece.length
    const taken = this.#held < mostHeld ? this.#whenTaken : null
    if (taken !== null) this.#whenTaken = null
    taken?.()
    const goOn = (): void => void setImmediate(() => this.#deliverOne())
    if (other.push(piece)) goOn()
    else other.#wanted = goOn
  }

  #next(): Buffer | null {
    if (this.#sent.length === 0) return null
    const [first = Buffer.alloc(0), ...rest] =
      this.#cutting === 'joined' ? [Buffer.concat(this.#sent)] : this.#sent
    if (this.#cutting === 'joined' || first.length <= this.#cutting) {
      this.#sent = rest
      return first
    }
    this.#sent = [first.subarray(this.#cutting), ...rest]
    return first.subarray(0, this.#cutting)
  }
}
