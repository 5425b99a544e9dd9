import { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { HoldfastError } from '@holdfast/core'
import type { Pairing } from './pairing.js'

/** A version of TLS that phones speak, or spoke. */
export type TlsVersion = '1.0' | '1.2' | '1.3'

const protocols = { '1.0': 'TLSv1', '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' } as const

/**
 * TLS as a phone does it: it is the server, on a connection that was in use, and asks the computer for the certificate of the pairing:
 * its own or the root.
 */
export async function secureAsPhone(
  stream: Duplex,
  { record, device }: Pairing,
  version: TlsVersion | null,
): Promise<TLSSocket> {
  const secureContext = createSecureContext({
    cert: device.certificate,
    key: device.privateKey,
    minVersion: protocols[version ?? '1.2'],
    maxVersion: protocols[version ?? '1.3'],
    // Of today's OpenSSL the old version needs to be allowed in so many words.
    ...(version === '1.0' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
  })
  // A stream of any kind is taken, which the types of Node do not say of all versions.
  const tls = new TLSSocket(stream, {
    isServer: true,
    requestCert: true,
    rejectUnauthorized: false,
    secureContext,
  })
  tls.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    tls.once('secure', resolve)
    tls.once('close', () => reject(new HoldfastError('DEVICE_LOST', 'The host gave TLS up')))
    tls.once('error', reject)
  })
  const shown = tls.getPeerX509Certificate()?.fingerprint256
  const known = [record.host, record.root].map(
    ({ certificate }) => new X509Certificate(certificate).fingerprint256,
  )
  if (shown === undefined || !known.includes(shown)) {
    tls.destroy()
    throw new Error('the host showed no certificate of the pairing in TLS')
  }
  return tls
}
