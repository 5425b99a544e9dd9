import { describe, expect, test } from 'vitest'
import { Random } from '../../testing/synthetic-backup/random.js'
import { decodeAttributedText } from './typedstream.js'

const header = '040b73747265616d747970656481e803'
/** `@`, new object, class NSMutableAttributedString 0 : NSAttributedString 0 : NSObject 0 : nil */
const mutableRoot =
  '84014084848419' +
  Buffer.from('NSMutableAttributedString').toString('hex') +
  '008484' +
  '12' +
  Buffer.from('NSAttributedString').toString('hex') +
  '00848408' +
  Buffer.from('NSObject').toString('hex') +
  '0085'
const plainRoot =
  '84014084848412' +
  Buffer.from('NSAttributedString').toString('hex') +
  '00848408' +
  Buffer.from('NSObject').toString('hex') +
  '0085'
/** Type by reference to the first string, new object, class NSString 1, its superclass by reference to NSObject, type `+`. */
const string = (superclass: string) => `92848484084e53537472696e6701${superclass}84012b`

function stream(
  root: string,
  superclass: string,
  length: string,
  text: string | Buffer,
  rest = '86',
): Buffer {
  return Buffer.concat([
    Buffer.from(header + root + string(superclass) + length, 'hex'),
    Buffer.isBuffer(text) ? text : Buffer.from(text),
    Buffer.from(rest, 'hex'),
  ])
}

describe('reads the text of', () => {
  test('an attributed string as Messages writes it, with the run of attributes behind it', () => {
    const attributes =
      '8684026949010592848484' +
      '0c' +
      Buffer.from('NSDictionary').toString('hex') +
      '009484016901928496961d' +
      Buffer.from('__kIMMessagePartAttributeName').toString('hex') +
      '86928484840' +
      '84e534e756d626572008484074e5356616c7565009484012a84999900868686'
    expect(decodeAttributedText(stream(plainRoot, '94', '05', 'hello', attributes))).toEqual({
      ok: true,
      value: 'hello',
    })
  })

  test('a mutable one, whose classes shift the references by one', () => {
    expect(decodeAttributedText(stream(mutableRoot, '95', '05', 'hello'))).toEqual({
      ok: true,
      value: 'hello',
    })
  })

  test('a bare string', () => {
    const bytes = `${header}84014084848408${Buffer.from('NSString').toString('hex')}01848408${Buffer.from('NSObject').toString('hex')}008584012b026869`
    expect(decodeAttributedText(Buffer.from(bytes, 'hex'))).toEqual({ ok: true, value: 'hi' })
  })

  test('a string whose class is a mutable one', () => {
    const mutableString = `9284848410${Buffer.from('NSMutableString').toString('hex')}`
    const bytes = `${header}${plainRoot}${mutableString.replace('8410', '840f')}018484084e53537472696e67019484012b0568656c6c6f86`
    expect(decodeAttributedText(Buffer.from(bytes, 'hex'))).toEqual({ ok: true, value: 'hello' })
  })

  test('a big-endian stream, whose two-byte length is the other way round', () => {
    const text = 'b'.repeat(300)
    const bytes = Buffer.concat([
      Buffer.from(`040b747970656473747265616d8103e8${plainRoot}${string('94')}81012c`, 'hex'),
      Buffer.from(text),
    ])
    expect(decodeAttributedText(bytes)).toEqual({ ok: true, value: text })
  })
})

describe('takes the length of a text', () => {
  test.each([
    ['in one byte up to 127', '7f', 127],
    ['in two bytes from 128', '818000', 128],
    ['in two bytes up to 65535', '81ffff', 65_535],
    ['in four bytes from 65536', '8200000100', 65_536],
  ])('%s', (_, length, bytes) => {
    expect(decodeAttributedText(stream(plainRoot, '94', length, 'x'.repeat(bytes)))).toEqual({
      ok: true,
      value: 'x'.repeat(bytes),
    })
  })

  test('in bytes, not in characters', () => {
    const text = 'Zoë 🏡 ￼'
    const length = Buffer.byteLength(text).toString(16).padStart(2, '0')
    expect(decodeAttributedText(stream(plainRoot, '94', length, text))).toEqual({ ok: true, value: text })
  })
})

test('gives a text that is whole although the attributes behind it are cut off', () => {
  expect(decodeAttributedText(stream(plainRoot, '94', '05', 'hello', ''))).toEqual({
    ok: true,
    value: 'hello',
  })
})

describe('refuses with a sentence', () => {
  test.each([
    ['what is no typedstream', Buffer.from('bplist00 and more of it')],
    ['nothing at all', Buffer.alloc(0)],
    ['a text that claims more bytes than there are', stream(plainRoot, '94', '82ffffff7f', 'hello')],
    ['a superclass that was never there', stream(plainRoot, 'a5', '05', 'hello')],
    ['a superclass that is an object', stream(plainRoot, '92', '05', 'hello')],
    [
      'an object that is no text',
      Buffer.from(`${header}84014084848408${Buffer.from('NSNumber').toString('hex')}0085`, 'hex'),
    ],
    [
      'a chain of classes without an end',
      Buffer.from(`${header}840140${'84'.repeat(2)}${'84014100'.repeat(1)}${'84920000'.repeat(40)}`, 'hex'),
    ],
  ])('%s', (_, bytes) => {
    expect(decodeAttributedText(bytes)).toEqual({ ok: false, problem: expect.stringMatching(/\.$/) })
  })
})

test('survives every truncation and thousands of random changes without any other error', () => {
  const whole = stream(mutableRoot, '95', '05', 'hello')
  for (let length = 0; length < whole.length - 1; length++) {
    expect(decodeAttributedText(whole.subarray(0, length)).ok).toBe(false)
  }
  const seed = 'typedstream changes 1'
  const random = new Random(seed)
  for (let round = 0; round < 20_000; round++) {
    const changed = Buffer.from(whole)
    for (let count = random.integer(1, 4); count > 0; count--) {
      changed[random.integer(0, changed.length - 1)] = random.integer(0, 255)
    }
    expect(() => decodeAttributedText(changed), `seed '${seed}', round ${round}`).not.toThrow()
  }
})
