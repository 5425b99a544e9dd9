import { describe, expect, test } from 'vitest'
import { BackupEncryption, field } from '../../testing/synthetic-backup/folder/encryption.js'
import { Random } from '../../testing/synthetic-backup/random.js'
import { ClassKeys } from './class-keys.js'
import { derivePasswordKey } from './key-derivation.js'
import { type Keybag, parseKeybag } from './keybag.js'

const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
const random = new Random(`keybag ${seed}`)
const password = 'Zoë’s pässword 🔑'
const { signal } = new AbortController()

function keyBagOf(generation: 'older' | '10.2'): Buffer {
  return new BackupEncryption({ password, generation, iterations: 500 }, random).keyBag
}

function parsed(bytes: Uint8Array): Keybag {
  const keybag = parseKeybag(bytes)
  if (!keybag.ok) throw new Error(keybag.problem)
  return keybag.value
}

/** The keybag with the value of the first field of this tag changed. */
function changed(keyBag: Uint8Array, tag: string, value: number | Uint8Array): Buffer {
  const bytes = Buffer.from(keyBag)
  const at = bytes.indexOf(tag, 0, 'latin1')
  const end = at + 8 + bytes.readUInt32BE(at + 4)
  return Buffer.concat([bytes.subarray(0, at), field(tag, value), bytes.subarray(end)])
}

function without(keyBag: Uint8Array, tag: string): Buffer {
  const bytes = Buffer.from(keyBag)
  const at = bytes.indexOf(tag, 0, 'latin1')
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 8 + bytes.readUInt32BE(at + 4))])
}

describe('a keybag', () => {
  test.each(['older', '10.2'] as const)('of %s opens with its password and no other', async (generation) => {
    const keybag = parsed(keyBagOf(generation))
    expect(keybag.derivation.first === null).toBe(generation === 'older')
    expect(keybag.classKeys.map((key) => key.protectionClass)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    const right = await derivePasswordKey(password, keybag.derivation, signal)
    expect(ClassKeys.open(keybag, right)?.damaged).toEqual([])
    for (const wrong of ['', password.normalize('NFD'), `${password} `, password.toUpperCase()]) {
      expect(ClassKeys.open(keybag, await derivePasswordKey(wrong, keybag.derivation, signal))).toBeNull()
    }
  })

  test('with one damaged key opens all the same, and says which class is lost', async () => {
    const keyBag = keyBagOf('10.2')
    const at = keyBag.indexOf('WPKY') + 12
    keyBag.writeUInt8(keyBag.readUInt8(at) ^ 1, at)
    const keybag = parsed(keyBag)
    const opened = ClassKeys.open(keybag, await derivePasswordKey(password, keybag.derivation, signal))
    expect(opened?.damaged).toEqual([11])
  })

  test('leaves keys out that only the phone itself could open', () => {
    const keyBag = keyBagOf('10.2')
    const second = keyBag.indexOf('WRAP', keyBag.indexOf('WRAP') + 1)
    keyBag.writeUInt32BE(1, second + 8)
    expect(parsed(keyBag).classKeys.map((key) => key.protectionClass)).not.toContain(11)
  })
})

describe(`a damaged keybag is told by what is wrong, never by a wrong password (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  const whole = keyBagOf('10.2')
  test.each<[string, Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['noise', random.bytes(1388)],
    ['no classes', whole.subarray(0, whole.indexOf('UUID', whole.indexOf('DPSL')))],
    ['a cut end', whole.subarray(0, -1)],
    ['half a tag at the end', Buffer.concat([whole, Buffer.from('UU')])],
    ['a megabyte', Buffer.alloc(1 << 20)],
    [
      'a thousand classes',
      Buffer.concat([whole, ...Array.from({ length: 1000 }, () => field('UUID', Buffer.alloc(16)))]),
    ],
    ['no salt', without(whole, 'SALT')],
    ['an empty salt', changed(whole, 'SALT', Buffer.alloc(0))],
    ['no rounds', without(whole, 'ITER')],
    ['rounds of zero', changed(whole, 'ITER', 0)],
    ['rounds that would take hours', changed(whole, 'DPIC', 0xffff_ffff)],
    ['rounds that would take hours, in the second derivation', changed(whole, 'ITER', 0x7fff_ffff)],
    ['rounds of eight bytes', changed(whole, 'ITER', Buffer.alloc(8, 1))],
    ['half of the first derivation', without(whole, 'DPSL')],
    ['the other half of it', without(whole, 'DPIC')],
    ['a class key of 32 bytes', changed(whole, 'WPKY', Buffer.alloc(32))],
    ['a length beyond the end', changedLength(whole, 'WPKY', 0xffff_ffff)],
  ])('%s', (_what, bytes) => {
    const result = parseKeybag(bytes)
    expect(result).toMatchObject({ ok: false, problem: expect.stringMatching(/^[A-Z].*\.$/) })
  })

  test('and no change of bytes makes the parser throw', () => {
    let refused = 0
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(
        whole.subarray(0, random.chance(0.3) ? random.integer(0, whole.length) : whole.length),
      )
      for (let change = random.integer(1, 4); change > 0 && bytes.length > 0; change--) {
        bytes.writeUInt8(random.integer(0, 255), random.integer(0, bytes.length - 1))
      }
      if (!parseKeybag(bytes).ok) refused++
    }
    // Most changes hit a key or a salt, which look like noise in any case.
    expect(refused).toBeGreaterThan(1000)
  })
})

test('waiting for a derivation ends with its signal', async () => {
  const controller = new AbortController()
  const derivation = { salt: Buffer.alloc(20), iterations: 400_000, first: null }
  const waiting = derivePasswordKey(password, derivation, controller.signal)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(derivePasswordKey(password, derivation, controller.signal)).rejects.toThrow('enough')
})

function changedLength(keyBag: Uint8Array, tag: string, length: number): Buffer {
  const bytes = Buffer.from(keyBag)
  bytes.writeUInt32BE(length, bytes.indexOf(tag, 0, 'latin1') + 4)
  return bytes
}
