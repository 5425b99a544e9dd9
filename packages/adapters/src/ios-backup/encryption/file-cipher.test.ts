import { createCipheriv } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Random } from '../../testing/synthetic-backup/random.js'
import { decryptChunks } from './decrypt-chunks.js'

const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
const random = new Random(`file cipher ${seed}`)
const key = random.bytes(32)

function encrypted(content: Uint8Array, padded: boolean): Buffer {
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(padded)
  return Buffer.concat([cipher.update(content), cipher.final()])
}

/** Decrypts ciphertext that comes in pieces of random sizes. */
async function decrypted(ciphertext: Uint8Array): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < ciphertext.length; ) {
      const length = random.pick([1, 15, 16, 17, 4096, 200_000])
      yield ciphertext.subarray(at, at + length)
      at += length
    }
  }
  const parts: Uint8Array[] = []
  for await (const part of decryptChunks(pieces(), key)) parts.push(part)
  return Buffer.concat(parts)
}

describe(`decrypting a file (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  test('gives back padded content of any length, in whatever pieces the ciphertext comes', async () => {
    const lengths = [0, 1, 15, 16, 17, 31, 32, 65_535, 65_536, 65_537, 300_000]
    for (const length of [...lengths, ...Array.from({ length: 20 }, () => random.integer(0, 5000))]) {
      const content = random.bytes(length)
      expect(await decrypted(encrypted(content, true)), `${length} bytes`).toEqual(content)
    }
  })

  test('keeps content without padding whole: the file was written while it was backed up', async () => {
    const content = Buffer.concat([random.bytes(4096 - 1), Buffer.from([0])])
    expect(await decrypted(encrypted(content, false))).toEqual(content)
  })

  test.each([
    ['a padding whose bytes differ', [9, 3, 3, 2, 3]],
    ['a length beyond a block', [17, 17, 17, 17, 17]],
    ['a length of zero', [0, 0, 0, 0, 0]],
  ])('takes nothing off for %s', async (_what, tail) => {
    const content = Buffer.concat([random.bytes(32 - tail.length), Buffer.from(tail)])
    expect(await decrypted(encrypted(content, false))).toEqual(content)
  })

  test('takes a complete padding off, of a full block too', async () => {
    const content = random.bytes(48)
    expect(await decrypted(encrypted(Buffer.concat([content, Buffer.alloc(16, 16)]), false))).toEqual(content)
  })

  test('gives an empty file for no ciphertext at all', async () => {
    expect(await decrypted(Buffer.alloc(0))).toEqual(Buffer.alloc(0))
  })
})
