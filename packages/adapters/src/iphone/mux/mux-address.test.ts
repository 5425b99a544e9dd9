import { expect, test } from 'vitest'
import { muxAddress, parseMuxAddress, showAddress } from './mux-address.js'

test.each([
  ['UNIX:/run/my mux', { path: '/run/my mux' }],
  ['unix:/run/mux', { path: '/run/mux' }],
  ['/run/mux:1', { path: '/run/mux:1' }],
  ['127.0.0.1:27015', { host: '127.0.0.1', port: 27_015 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
])('%s is an address', (text, address) => {
  expect(parseMuxAddress(text)).toEqual(address)
  expect(parseMuxAddress(showAddress(address))).toEqual(address)
  expect(muxAddress({ USBMUXD_SOCKET_ADDRESS: text }, 'win32')).toEqual(address)
})

test.each(['', 'localhost', 'localhost:', ':27015', 'localhost:0', 'localhost:65536', '::1:27015', 'UNIX:'])(
  '%j is no address, and the hint says how to write one',
  (text) => {
    expect(() => parseMuxAddress(text)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', hint: expect.stringMatching(/host:port/) }),
    )
  },
)

test('where the variable says nothing it is where the mux of the system always listens', () => {
  expect(muxAddress({}, 'darwin')).toEqual({ path: '/var/run/usbmuxd' })
  expect(muxAddress({}, 'win32')).toEqual({ host: '127.0.0.1', port: 27_015 })
  expect(muxAddress({ USBMUXD_SOCKET_ADDRESS: '' }, 'win32')).toEqual({ host: '127.0.0.1', port: 27_015 })
})
