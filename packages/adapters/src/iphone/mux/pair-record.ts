import { HoldfastError } from '@holdfast/core'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, type PlistDict, type PlistValue } from '../../plist/plist-value.js'
import { muxFailed } from './mux-errors.js'

/** A certificate with its private key, both in PEM. */
export interface Identity {
  readonly certificate: string
  readonly privateKey: string
}

/** What a computer and a phone agreed on when somebody tapped “Trust”. It opens the phone: never write it anywhere. */
export interface PairRecord {
  readonly hostId: string
  readonly systemBuid: string
  readonly host: Identity
  /** The one that signed the other certificates. */
  readonly root: Identity
  /** Opens services that a locked phone would refuse. */
  readonly escrowBag: Uint8Array | null
}

/** The pair record in the bytes that a mux gives: a property list, binary or XML. */
export function parsePairRecord(bytes: Uint8Array, udid: string): PairRecord {
  const parsed = parsePlist(bytes)
  if (!parsed.ok || !isDict(parsed.value)) throw damaged(udid)
  return pairRecordOf(parsed.value, udid)
}

/** The pair record in a dictionary. */
export function pairRecordOf(record: PlistDict, udid: string): PairRecord {
  const [hostId, systemBuid] = [record.get('HostID'), record.get('SystemBUID')]
  const host = identity(record.get('HostCertificate'), record.get('HostPrivateKey'))
  const root = identity(record.get('RootCertificate'), record.get('RootPrivateKey'))
  if (typeof hostId !== 'string' || typeof systemBuid !== 'string' || host === null || root === null) {
    throw damaged(udid)
  }
  const escrowBag = record.get('EscrowBag')
  return { hostId, systemBuid, host, root, escrowBag: escrowBag instanceof Uint8Array ? escrowBag : null }
}

/** The error when nobody has tapped “Trust”. */
export function notPaired(udid: string): HoldfastError {
  return new HoldfastError('DEVICE_NOT_PAIRED', 'The iPhone and this computer do not trust each other yet', {
    hint: 'Unlock the iPhone, tap “Trust” when it asks, and enter its passcode.',
    facts: { udid },
  })
}

function identity(certificate: PlistValue | undefined, privateKey: PlistValue | undefined): Identity | null {
  const [first, second] = [pem(certificate), pem(privateKey)]
  return first === null || second === null ? null : { certificate: first, privateKey: second }
}

function pem(value: PlistValue | undefined): string | null {
  if (!(value instanceof Uint8Array)) return null
  const text = Buffer.from(value).toString('latin1')
  // Some writers end it with a zero, as C does.
  return text.includes('-----BEGIN') ? text.replace(/\0+$/, '') : null
}

function damaged(udid: string): HoldfastError {
  return muxFailed('The pair record of the iPhone is damaged or incomplete', { udid })
}
