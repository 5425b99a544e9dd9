import { describe, expect, it } from 'vitest'
import { fileName, splitName } from './file-name.js'

const sha256 = `ab${'0'.repeat(62)}`

function extension(name: string | null, mimeType: string | null = null): string {
  return fileName(sha256, { name, mimeType }).slice(`ab/${sha256}`.length)
}

describe('the name of an attachment file', () => {
  it('is the hash in a folder of its first two digits', () => {
    expect(fileName(sha256, { name: null, mimeType: null })).toBe(`ab/${sha256}`)
  })

  it('takes its extension from the name that users see', () => {
    expect(extension('IMG_0001.HEIC', 'image/jpeg')).toBe('.heic')
    expect(extension('archive.tar.gz')).toBe('.gz')
  })

  it('takes its extension from the MIME type where the name has none', () => {
    expect(extension(null, 'image/jpeg')).toBe('.jpg')
    expect(extension('Voice note', 'audio/x-m4a')).toBe('.m4a')
    expect(extension(null, 'IMAGE/PNG; charset=utf-8')).toBe('.png')
    expect(extension(null, 'application/octet-stream')).toBe('')
  })

  it('never takes an extension that could mean anything to a file system', () => {
    for (const name of [
      '../../etc/passwd',
      'a.b/c',
      'a.ex e',
      'a.',
      '.',
      'a.\u0000',
      'a.toolongextension',
      'a.é',
    ]) {
      expect(extension(name), name).toBe('')
    }
    expect(extension(null, 'x/../../y')).toBe('')
  })

  it('is taken apart only when it is one', () => {
    expect(splitName(`ab/${sha256}.heic`)).toEqual({ folder: 'ab', file: `${sha256}.heic` })
    for (const name of [`cd/${sha256}`, '../x', `ab/${sha256}/..`, `ab\\${sha256}`, `/ab/${sha256}`, '']) {
      expect(() => splitName(name), name).toThrow(expect.objectContaining({ code: 'LIBRARY_DAMAGED' }))
    }
  })
})
