import { type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'

/** What all emulated phones are. */
export const hardware = {
  BuildVersion: '22F76',
  HardwareModel: 'D53gAP',
  PhoneNumber: '+1 (555) 200-0001',
  ProductType: 'iPhone13,2',
  SerialNumber: 'F2LEMULATED1',
} as const

/** What a phone says of itself, by domain; the domain without a name is ''. */
export function phoneValues(
  phone: { readonly udid: string; readonly name: string; readonly iosVersion: string },
  willEncrypt: boolean,
): PlistDict {
  const own: Readonly<Record<string, PlistValue>> = {
    ActivationState: 'Activated',
    ...hardware,
    DeviceClass: 'iPhone',
    DeviceName: phone.name,
    PasswordProtected: true,
    ProductVersion: phone.iosVersion,
    TimeIntervalSince1970: 1_750_000_000.5,
    TrustedHostAttached: true,
    // Beyond 2^53, as real ones are.
    UniqueChipID: 2n ** 53n + 1n,
    UniqueDeviceID: phone.udid,
  }
  return plistDict({
    '': plistDict(own),
    'com.apple.mobile.backup': plistDict({
      RequiresEncryption: false,
      Version: '2.4',
      WillEncrypt: willEncrypt,
    }),
    'com.apple.mobile.iTunes': plistDict({ MinITunesVersion: '12.13.0' }),
    'com.apple.iTunes': plistDict({}),
    'com.apple.disk_usage': plistDict({
      TotalDiskCapacity: 80_086_790_144,
      AmountDataAvailable: 20_000_000_000,
    }),
  })
}

/** What it says to whom it has no session with. */
export const saidWithoutSession: ReadonlySet<string> = new Set([
  'DeviceClass',
  'DeviceName',
  'ProductType',
  'ProductVersion',
  'BuildVersion',
  'HardwareModel',
  'UniqueDeviceID',
])
