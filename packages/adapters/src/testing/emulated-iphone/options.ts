import { tmpdir } from 'node:os'
import { checkOptions, type OptionRule, rule } from '@holdfast/core'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { openTestSqlite } from '../open-sqlite.js'
import type { LinkVersion } from './backup-service/phone-link.js'
import type { CertificateDigest } from './pairing.js'
import type { TlsVersion } from './phone-tls.js'
import { PhoneTree } from './phone-tree/phone-tree.js'

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
  /** The one version of TLS that it speaks; 1.0 as phones before iOS 10 did. @default both 1.2 and 1.3 */
  readonly tls?: TlsVersion
  /** Whether services other than lockdown speak TLS too. @default true */
  readonly serviceTls?: boolean
  /** Whether the mux lists it without the dash in its id. @default false */
  readonly listedWithoutDash?: boolean
  /** Whether the mux lists it a second time, over the network. @default false */
  readonly alsoOnNetwork?: boolean
  /** The files that a backup takes. @default none */
  readonly tree?: PhoneTree
  /** The password of its backups. @default none: they are not encrypted */
  readonly backupPassword?: string
  /** Major version of DeviceLink: 300 until iOS 13. @default 400 */
  readonly linkVersion?: LinkVersion
  /** SQLite for its manifests. @default the one of the tests */
  readonly openSqlite?: OpenSqlite
  /** An existing folder for the manifests of a backup while it is made. @default the system's temporary folder */
  readonly scratch?: string
}

type Given = Required<Omit<EmulatedIphoneOptions, 'socketPath' | 'tls' | 'backupPassword'>> & {
  readonly socketPath: string | null
  readonly backupPassword: string | null
  readonly tls: TlsVersion | null
}

const rules: Readonly<Record<keyof EmulatedIphoneOptions, OptionRule>> = {
  udid: rule.string,
  name: rule.string,
  iosVersion: rule.string,
  socketPath: rule.string,
  pairRecord: rule.oneOf('xml', 'binary', 'none'),
  certificates: rule.oneOf('sha256', 'sha1'),
  tls: rule.oneOf('1.0', '1.2', '1.3'),
  serviceTls: rule.boolean,
  listedWithoutDash: rule.boolean,
  alsoOnNetwork: rule.boolean,
  tree: { must: 'be a PhoneTree', test: (value) => value instanceof PhoneTree },
  backupPassword: rule.string,
  linkVersion: {
    must: 'be 300, 400 or 401',
    test: (value) => value === 300 || value === 400 || value === 401,
  },
  openSqlite: rule.function,
  scratch: rule.string,
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
    tree: options.tree ?? new PhoneTree(),
    backupPassword: options.backupPassword ?? null,
    linkVersion: options.linkVersion ?? 400,
    openSqlite: options.openSqlite ?? openTestSqlite,
    scratch: options.scratch ?? tmpdir(),
  }
}
