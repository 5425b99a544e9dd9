const chunkBytes = 256 * 1024
const textLength = 32 * 1024

/** SHA-256 of UTF-8 text or bytes, in lower-case hex. WebCrypto, because the core runs without Node's modules. */
export async function sha256Hex(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/**
 * Digest of any amount of text in bounded memory: the UTF-8 bytes are cut into chunks of 256 KiB, and the digest is the
 * SHA-256 of the chunks' SHA-256 hashes in order. (WebCrypto hashes only what it is given at once.)
 */
export class ContentDigester {
  readonly #encoder = new TextEncoder()
  readonly #chunk = new Uint8Array(chunkBytes)
  readonly #hashes: Uint8Array[] = []
  #filled = 0
  #text = ''

  /** Adds text. */
  async add(text: string): Promise<void> {
    this.#text += text
    if (this.#text.length >= textLength) await this.#encode()
  }

  /** Encodes what was added so far; many short lines at a time, which is much faster than one by one. */
  async #encode(): Promise<void> {
    let rest = this.#encoder.encode(this.#text)
    this.#text = ''
    while (rest.length > 0) {
      const taken = Math.min(rest.length, chunkBytes - this.#filled)
      this.#chunk.set(rest.subarray(0, taken), this.#filled)
      this.#filled += taken
      rest = rest.subarray(taken)
      if (this.#filled === chunkBytes) await this.#closeChunk()
    }
  }

  /** The digest of all that was added, in lower-case hex. */
  async digest(): Promise<string> {
    await this.#encode()
    if (this.#filled > 0) await this.#closeChunk()
    const all = new Uint8Array(this.#hashes.length * 32)
    for (const [index, hash] of this.#hashes.entries()) all.set(hash, index * 32)
    return sha256Hex(all)
  }

  async #closeChunk(): Promise<void> {
    const bytes = this.#chunk.slice(0, this.#filled)
    this.#filled = 0
    this.#hashes.push(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
