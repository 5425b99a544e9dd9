import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openFileCipher } from './file-cipher.js'
import { derivePasswordKey } from './key-derivation.js'
import { unwrapKey } from './key-wrap.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const { signal } = new AbortController()

describe('unwrapping a key gives the answers of RFC 3394', () => {
  const kek = hex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F')
  test.each([
    [
      '4.3, 128 bits',
      '64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7',
      '00112233445566778899AABBCCDDEEFF',
    ],
    [
      '4.5, 192 bits',
      'A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1',
      '00112233445566778899AABBCCDDEEFF0001020304050607',
    ],
    [
      '4.6, 256 bits',
      '28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21',
      '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F',
    ],
  ])('section %s', (_section, wrapped, key) => {
    expect(unwrapKey(kek, hex(wrapped))).toEqual(hex(key))
  })

  const wrapped = hex('28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21')
  test('and nothing for a key with one bit of any byte changed', () => {
    for (let index = 0; index < wrapped.length; index++) {
      const changed = Buffer.from(wrapped)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(unwrapKey(kek, changed), `byte ${index}`).toBeNull()
    }
  })
  test('nor for the wrong wrapping key, nor for lengths that no wrapped key has', () => {
    expect(unwrapKey(hex('FF'.repeat(32)), wrapped)).toBeNull()
    for (const length of [0, 8, 16, 17, 39]) expect(unwrapKey(kek, wrapped.subarray(0, length))).toBeNull()
  })
})

describe('deriving a key from a password gives the answers', () => {
  test.each([
    [1, '0c60c80f961f0e71f3a9b524af6012062fe037a6'],
    [2, 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957'],
    [4096, '4b007901b765489abead49d926f721d065a429c1'],
  ])('of RFC 6070 in %i rounds of the older derivation', async (iterations, expected) => {
    const salt = Buffer.from('salt')
    const key = await derivePasswordKey('password', { salt, iterations, first: null }, signal)
    // The vectors are of 20 bytes, which is the first block of SHA-1 whatever length is asked for.
    expect(key.subarray(0, 20).toString('hex')).toBe(expected)
    expect(key.length).toBe(32)
  })

  test('of RFC 7914, section 11, as the first of the two derivations of iOS 10.2', async () => {
    const first = { salt: Buffer.from('salt'), iterations: 1 }
    const key = await derivePasswordKey(
      'passwd',
      { salt: Buffer.from('pepper'), iterations: 3, first },
      signal,
    )
    const strengthened = hex('55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc')
    expect(key).toEqual(pbkdf2Sync(strengthened, 'pepper', 3, 32, 'sha1'))
  })
})

test('decrypting gives the answers of SP 800-38A, F.2.6, but for its IV', () => {
  const key = hex('603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4')
  const ciphertext = hex(
    `f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
    39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b`.replaceAll('\n', ''),
  )
  const plaintext = hex(
    `6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
    30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`.replaceAll('\n', ''),
  )
  const iv = hex('000102030405060708090a0b0c0d0e0f')
  const cipher = openFileCipher({ createDecipheriv }, key)
  const decrypted = Buffer.concat([cipher.update(ciphertext) ?? Buffer.alloc(0), cipher.end()])
  // A zero IV leaves the vector's own IV on the first block.
  for (const [index, byte] of iv.entries()) decrypted.writeUInt8(decrypted.readUInt8(index) ^ byte, index)
  expect(decrypted).toEqual(plaintext)
})
