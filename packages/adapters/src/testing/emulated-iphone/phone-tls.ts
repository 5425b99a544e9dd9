import { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { HoldfastError } from '@holdfast/core'
import type { Pairing } from './pairing.js'

/**
 * TLS as a phone does it: it is the server, on a connection that was in use, and asks the computer for the certificate of the pairing:
 * its own or the root.
 */
export async function secureAsPhone(
  stream: Duplex,
  { record, device }: Pairing,
  version: '1.2' | '1.3' | null,
): Promise<TLSSocket> {
  const secureContext = createSecureContext({
    cert: device.certificate,
    key: device.privateKey,
    minVersion: version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    maxVersion: version === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
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
