import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { HoldfastError } from '@holdfast/core'
import type { Identity, PairRecord } from '../../iphone/mux/pair-record.js'
import { plistDict } from '../../plist/plist-value.js'
import { writeBinaryPlist } from '../../plist/write-binary.js'
import { writeXmlPlist } from '../../plist/write-xml.js'

/** What a computer and an emulated phone agreed on, with the phone's own side of it. */
export interface Pairing {
  readonly record: PairRecord & { readonly escrowBag: Uint8Array }
  /** What the phone shows in TLS. */
  readonly device: Identity
}

/**
 * How the certificates of the computer are signed. SHA-1 is what the usbmuxd of Debian 12 and Ubuntu 24.04 does, and what today's
 * OpenSSL refuses to present.
 */
export type CertificateDigest = 'sha256' | 'sha1'

interface Keys {
  readonly publicKey: string
  readonly privateKey: string
}

let madeKeys: Promise<readonly Keys[]> | null = null

/** Pairs: makes a root that signs for the computer and for the phone. The keys are the same for all phones of a process, because they take long. */
export async function pair(buid: string, digest: CertificateDigest): Promise<Pairing> {
  madeKeys ??= Promise.all([makeKeys(), makeKeys(), makeKeys()])
  const [rootKeys, hostKeys, deviceKeys] = await madeKeys
  if (rootKeys === undefined || hostKeys === undefined || deviceKeys === undefined)
    throw new TypeError('no keys')
  const sign = await loadSigner()
  const root = { certificate: sign(rootKeys, rootKeys, true, digest), privateKey: rootKeys.privateKey }
  const host = { certificate: sign(hostKeys, rootKeys, false, digest), privateKey: hostKeys.privateKey }
  // The phone's own is always signed anew: a server of Node could not present another.
  const device = {
    certificate: sign(deviceKeys, rootKeys, false, 'sha256'),
    privateKey: deviceKeys.privateKey,
  }
  const record = {
    hostId: randomUUID().toUpperCase(),
    systemBuid: buid,
    host,
    root,
    escrowBag: new Uint8Array(randomBytes(32)),
  }
  return { record, device }
}

/** The pair record as the mux keeps it. */
export function pairRecordFile({ record, device }: Pairing, form: 'xml' | 'binary'): Buffer {
  const content = plistDict({
    DeviceCertificate: Buffer.from(device.certificate),
    EscrowBag: record.escrowBag,
    HostCertificate: Buffer.from(record.host.certificate),
    HostID: record.hostId,
    HostPrivateKey: Buffer.from(record.host.privateKey),
    RootCertificate: Buffer.from(record.root.certificate),
    RootPrivateKey: Buffer.from(record.root.privateKey),
    SystemBUID: record.systemBuid,
    WiFiMACAddress: '02:00:00:00:00:01',
  })
  return form === 'xml' ? writeXmlPlist(content) : writeBinaryPlist(content)
}

async function makeKeys(): Promise<Keys> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
}

type Signer = (subject: Keys, issuer: Keys, authority: boolean, digest: CertificateDigest) => string

/** X.509 certificates are made with node-forge, because Node has no writer of them. */
async function loadSigner(): Promise<Signer> {
  const { default: forge } = await import('node-forge').catch((cause: unknown) => {
    throw new HoldfastError('DRIVER_MISSING', 'The emulated iPhone makes its certificates with node-forge', {
      hint: 'Install node-forge 1.4 among the development dependencies.',
      retryable: false,
      cause,
    })
  })
  return (subject, issuer, authority, digest) => {
    const certificate = forge.pki.createCertificate()
    certificate.publicKey = forge.pki.publicKeyFromPem(subject.publicKey)
    certificate.serialNumber = '00'
    certificate.validity.notBefore = new Date(Date.UTC(2020, 0, 1))
    certificate.validity.notAfter = new Date(Date.UTC(2049, 0, 1))
    certificate.setExtensions([
      { name: 'basicConstraints', cA: authority, critical: true },
      ...(authority
        ? []
        : [{ name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true }]),
    ])
    const { md } = forge
    certificate.sign(
      forge.pki.privateKeyFromPem(issuer.privateKey),
      digest === 'sha1' ? md.sha1.create() : md.sha256.create(),
    )
    return forge.pki.certificateToPem(certificate)
  }
}
