import { existsSync } from 'node:fs'
import { release } from 'node:os'
import { HoldfastError } from '@holdfast/core'

/** Where a mux listens: a unix socket, or a port of TCP. */
export type MuxAddress = { readonly path: string } | { readonly host: string; readonly port: number }

const socketPath = '/var/run/usbmuxd'
const appleService: MuxAddress = { host: '127.0.0.1', port: 27_015 }

/**
 * Where the mux of this machine listens: where `USBMUXD_SOCKET_ADDRESS` says, else where it always does. On Windows that is a port of
 * Apple's own service; Linux inside Windows uses that too, unless it has a usbmuxd of its own.
 *
 * @throws HoldfastError `OPTION_INVALID` when the variable holds what is no address.
 */
export function muxAddress(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): MuxAddress {
  const given = environment['USBMUXD_SOCKET_ADDRESS']
  if (given !== undefined && given !== '') return parseMuxAddress(given)
  if (platform === 'win32') return appleService
  const insideWindows = platform === 'linux' && /microsoft/i.test(release())
  return insideWindows && !existsSync(socketPath) ? appleService : { path: socketPath }
}

/**
 * Parses an address in any form that usbmuxd's clients take: `UNIX:/path`, `/path`, `host:port`, `[::1]:port`.
 *
 * @throws HoldfastError `OPTION_INVALID`.
 */
export function parseMuxAddress(text: string): MuxAddress {
  const path = /^UNIX:(.+)$/i.exec(text)?.[1] ?? (text.startsWith('/') ? text : null)
  if (path !== null) return { path }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new HoldfastError('OPTION_INVALID', `'${text}' is no address of a mux`, {
      hint: 'Write UNIX:/path, /path or host:port, also in the variable USBMUXD_SOCKET_ADDRESS.',
      retryable: false,
    })
  }
  return { host, port }
}

/** An address as people write it. */
export function showAddress(address: MuxAddress): string {
  if ('path' in address) return address.path
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
