import { checkOptions, type OptionRule, rule } from '@holdfast/core'
import type { CertificateDigest } from './pairing.js'

/** What an emulated phone is like. */
export interface EmulatedIphoneOptions {
  /** @default '00008101-000A1B2C3D4E001E' */
  readonly udid?: string
  /** @default 'Emulated iPhone' */
  readonly name?: string
  /** @default '18.5' */
  readonly iosVersion?: string
  /** A unix socket for the mux; without one it listens on a free port of the loopback. */
  readonly socketPath?: string
  /** The form of the pair record; 'none' when nobody tapped “Trust”. @default 'xml' */
  readonly pairRecord?: 'xml' | 'binary' | 'none'
  /** @default 'sha256' */
  readonly certificates?: CertificateDigest
  /** The one version of TLS that it speaks. @default both 1.2 and 1.3 */
  readonly tls?: '1.2' | '1.3'
  /** Whether services other than lockdown speak TLS too. @default true */
  readonly serviceTls?: boolean
  /** Whether the mux lists it without the dash in its id. @default false */
  readonly listedWithoutDash?: boolean
  /** Whether the mux lists it a second time, over the network. @default false */
  readonly alsoOnNetwork?: boolean
}

type Given = Required<Omit<EmulatedIphoneOptions, 'socketPath' | 'tls'>> & {
  readonly socketPath: string | null
  readonly tls: '1.2' | '1.3' | null
}

const rules: Readonly<Record<keyof EmulatedIphoneOptions, OptionRule>> = {
  udid: rule.string,
  name: rule.string,
  iosVersion: rule.string,
  socketPath: rule.string,
  pairRecord: rule.oneOf('xml', 'binary', 'none'),
  certificates: rule.oneOf('sha256', 'sha1'),
  tls: rule.oneOf('1.2', '1.3'),
  serviceTls: rule.boolean,
  listedWithoutDash: rule.boolean,
  alsoOnNetwork: rule.boolean,
}

/** The options with their defaults. Throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`. */
export function resolveOptions(options: EmulatedIphoneOptions): Given {
  checkOptions('EmulatedIphone', options, rules)
  return {
    udid: options.udid ?? '00008101-000A1B2C3D4E001E',
    name: options.name ?? 'Emulated iPhone',
    iosVersion: options.iosVersion ?? '18.5',
    socketPath: options.socketPath ?? null,
    pairRecord: options.pairRecord ?? 'xml',
    certificates: options.certificates ?? 'sha256',
    tls: options.tls ?? null,
    serviceTls: options.serviceTls ?? true,
    listedWithoutDash: options.listedWithoutDash ?? false,
    alsoOnNetwork: options.alsoOnNetwork ?? false,
  }
}
