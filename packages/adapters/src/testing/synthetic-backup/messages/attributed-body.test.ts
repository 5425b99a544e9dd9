import { describe, expect, test } from 'vitest'
import { attributedBody } from './attributed-body.js'

const part = { __kIMMessagePartAttributeName: 0 }

/** Bytes right behind the type `+` of the first string: its length prefix. */
function prefixOf(text: string): string {
  const body = attributedBody([{ text, attributes: part }])
  const at = body.indexOf(Buffer.from([0x84, 0x01, 0x2b])) + 3
  return body.subarray(at, at + 5).toString('hex')
}

describe('an attributed body', () => {
  test('has the bytes that a phone writes for a short message', () => {
    const expected = [
      '040b73747265616d747970656481e803', // version 4, "streamtyped", system version 1000
      '840140848484124e5341747472696275746564537472696e6700', // '@', new object, new class NSAttributedString 0
      '8484084e534f626a6563740085', // its superclass NSObject 0, which has none
      '92848484084e53537472696e670194', // '@' again, new object of new class NSString 1, superclass the known NSObject
      '84012b02486986', // '+', two bytes "Hi", end
      '84026949010292', // 'iI': run 1 of two units; '@'
      '8484840c4e5344696374696f6e6172790094840169', // NSDictionary, 'i'
      '0192849696', // one entry; '@', new object of the known class NSString, '+'
      '1d5f5f6b494d4d657373616765506172744174747269627574654e616d6586', // "__kIMMessagePartAttributeName"
      '92848484084e534e756d626572008484074e5356616c75650094', // NSNumber, superclass NSValue
      '84012a84999900868686', // '*': a C string that is the known 'i'; 'i' 0; ends of number, dictionary and string
    ]
    expect(attributedBody([{ text: 'Hi', attributes: part }]).toString('hex')).toBe(expected.join(''))
  })

  test('prefixes the text with its length in one, two or four bytes', () => {
    expect(prefixOf('x'.repeat(127)).slice(0, 2)).toBe('7f')
    expect(prefixOf('x'.repeat(128)).slice(0, 6)).toBe('818000')
    expect(prefixOf('x'.repeat(65_535)).slice(0, 6)).toBe('81ffff')
    expect(prefixOf('x'.repeat(65_536))).toBe('8200000100')
  })

  test('counts the text in UTF-8 bytes and its run in UTF-16 units', () => {
    const body = attributedBody([{ text: '👨‍👩‍👧‍👦ü', attributes: part }])
    expect(prefixOf('👨‍👩‍👧‍👦ü').slice(0, 2)).toBe((25 + 2).toString(16))
    expect(body.indexOf(Buffer.from('8684026949010c92', 'hex'))).toBeGreaterThan(0)
  })

  test('writes each class and each attribute name once, however many runs there are', () => {
    const runs = ['one ', 'two ', 'three'].map((text) => ({ text, attributes: part }))
    const body = attributedBody(runs, { mutable: true }).toString('latin1')
    for (const name of [
      'NSObject',
      'NSDictionary',
      'NSNumber',
      '__kIMMessagePartAttributeName',
      'NSMutableString',
    ]) {
      expect(body.split(name).length - 1, name).toBe(1)
    }
    expect(body).toContain('one two three')
  })
})
