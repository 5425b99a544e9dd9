import type { DateUnit } from './apple-time.js'

/** A generation of iOS: the phone that such a backup claims to come from. */
export interface Generation {
  readonly productVersion: string
  readonly buildVersion: string
  readonly productType: string
  readonly productName: string
  /** Unix milliseconds UTC of the backup; nothing in it is younger. */
  readonly takenAt: number
  /** Unit of the date columns of sms.db. */
  readonly dateUnit: DateUnit
}

/** The generations of sms.db that can be made, oldest first. */
export const generations = {
  'ios-6': {
    productVersion: '6.1.6',
    buildVersion: '10B500',
    productType: 'iPhone2,1',
    productName: 'iPhone 3GS',
    takenAt: Date.UTC(2014, 2, 9, 8, 15, 27),
    dateUnit: 'seconds',
  },
  'ios-9': {
    productVersion: '9.2.1',
    buildVersion: '13D15',
    productType: 'iPhone7,2',
    productName: 'iPhone 6',
    takenAt: Date.UTC(2016, 1, 14, 9, 30, 12),
    dateUnit: 'seconds',
  },
  'ios-10': {
    productVersion: '10.2',
    buildVersion: '14C92',
    productType: 'iPhone8,1',
    productName: 'iPhone 6s',
    takenAt: Date.UTC(2017, 0, 22, 18, 5, 40),
    dateUnit: 'seconds',
  },
  'ios-11': {
    productVersion: '11.2',
    buildVersion: '15C114',
    productType: 'iPhone9,3',
    productName: 'iPhone 7',
    takenAt: Date.UTC(2018, 0, 10, 7, 12, 55),
    dateUnit: 'nanoseconds',
  },
  'ios-15': {
    productVersion: '15.4.1',
    buildVersion: '19E258',
    productType: 'iPhone12,1',
    productName: 'iPhone 11',
    takenAt: Date.UTC(2022, 4, 3, 21, 44, 8),
    dateUnit: 'nanoseconds',
  },
  'ios-16': {
    productVersion: '16.5',
    buildVersion: '20F66',
    productType: 'iPhone13,2',
    productName: 'iPhone 12',
    takenAt: Date.UTC(2023, 5, 30, 12, 0, 31),
    dateUnit: 'nanoseconds',
  },
  'ios-18': {
    productVersion: '18.5',
    buildVersion: '22F76',
    productType: 'iPhone15,2',
    productName: 'iPhone 14 Pro',
    takenAt: Date.UTC(2025, 5, 20, 16, 27, 3),
    dateUnit: 'nanoseconds',
  },
  'ios-26': {
    productVersion: '26.1',
    buildVersion: '23B85',
    productType: 'iPhone17,1',
    productName: 'iPhone 16 Pro',
    takenAt: Date.UTC(2025, 10, 20, 6, 41, 50),
    dateUnit: 'nanoseconds',
  },
} as const satisfies Record<string, Generation>

/** Which generation of sms.db to make. */
export type SchemaVersion = keyof typeof generations

/** All of them, oldest first. */
export const schemaVersions: readonly SchemaVersion[] = [
  'ios-6',
  'ios-9',
  'ios-10',
  'ios-11',
  'ios-15',
  'ios-16',
  'ios-18',
  'ios-26',
]

/** Whether a generation is `since` or a younger one. */
export function isSince(version: SchemaVersion, since: SchemaVersion): boolean {
  return schemaVersions.indexOf(version) >= schemaVersions.indexOf(since)
}
