import type { ContactPoint } from '@holdfast/core/import'
import { cocoaEpochSeconds, toCocoaSeconds } from '../folder/apple-time.js'
import type { Random } from '../random.js'
import { PeopleMaker, type Person } from './people.js'

/** Values of `ABMultiValue.property`. */
export const contactProperties = {
  phone: 3,
  email: 4,
  address: 5,
  im: 13,
  url: 22,
  related: 23,
  profile: 46,
  date: 12,
  // A property that no reader needs to know.
  other: 99,
} as const satisfies Record<ContactPoint['kind'], number>

/** Names of the parts of values that have several: of addresses in the order in which a reader joins them, of accounts, of profiles. */
export const entryNames = [
  ...['Street', 'ZIP', 'City', 'State', 'Country', 'CountryCode'],
  ...['service', 'username', 'url'],
] as const

/** A part of a value, by name. */
export type PlannedEntry = readonly [name: (typeof entryNames)[number], value: string]

/** A row of `ABMultiValue`: a value, or its parts. */
export interface PlannedPoint {
  readonly kind: ContactPoint['kind']
  /** As the label table holds it: dressed (`_$!<Home>!$_`), one's own words, or null. */
  readonly label: string | null
  readonly value: string | null
  readonly entries: readonly PlannedEntry[]
  /** The handle that was meant, whatever way it was typed; null for what is none. */
  readonly handle: string | null
}

/** A row of `ABPerson` and what belongs to it. Dates are Cocoa seconds. */
export interface PlannedContact {
  readonly rowid: number
  /** Null and empty occur; then a reader falls back to the row id. */
  readonly guid: string | null
  readonly first: string | null
  readonly middle: string | null
  readonly last: string | null
  readonly prefix: string | null
  readonly suffix: string | null
  readonly nickname: string | null
  /** Of first, middle and last name. */
  readonly phonetic: readonly [string | null, string | null, string | null]
  readonly organization: string | null
  readonly department: string | null
  readonly jobTitle: string | null
  readonly note: string | null
  readonly birthday: number | null
  readonly created: number
  readonly modified: number
  readonly points: readonly PlannedPoint[]
}

const labels = ['_$!<Mobile>!$_', '_$!<Home>!$_', '_$!<Work>!$_', 'Ferienhaus 🏖', 'iPhone', null] as const

/** Plans `count` contacts: first the people of the conversations, then others. The first few cover what is odd about contacts. */
export function planContacts(
  random: Random,
  count: number,
  people: readonly Person[],
  takenAt: number,
): PlannedContact[] {
  const maker = new PeopleMaker(random.fork('strangers'))
  const contacts: PlannedContact[] = []
  let rowid = 0
  while (contacts.length < count) {
    rowid += random.chance(0.05) ? 2 : 1
    const person = people[contacts.length] ?? maker.next()
    const planned = planContact(random, rowid, person, takenAt)
    contacts.push({ ...planned, ...oddities[contacts.length] })
  }
  return contacts
}

/** What real address books also hold, by place in the plan: no guid, an empty one, only a number, and a card with nothing on it. */
const oddities: readonly Partial<PlannedContact>[] = [
  {},
  { guid: null },
  { guid: '' },
  { first: null, middle: null, last: null, organization: null },
  { first: null, middle: null, last: null, organization: null, points: [] },
  { first: null, middle: null, last: null, organization: 'Leuchtturm e. V.' },
  { birthday: Date.UTC(1984, 1, 29, 12) / 1000 - cocoaEpochSeconds },
  { birthday: Date.UTC(2004, 6, 1, 12) / 1000 - cocoaEpochSeconds },
  { first: null, middle: null, last: null, organization: null, nickname: 'Käpt’n' },
  { phonetic: ['みさき', null, 'たなか'], prefix: 'Dr.', suffix: 'Jr.', department: '北', jobTitle: 'Pilot' },
]

function planContact(random: Random, rowid: number, person: Person, takenAt: number): PlannedContact {
  const created = toCocoaSeconds(takenAt) - random.integer(1000, 150_000_000)
  const { first, middle, last, organization } = person
  return {
    rowid,
    guid: random.uuid(),
    first,
    middle,
    last,
    prefix: random.chance(0.1) ? random.pick(['Dr.', 'Ms', 'Prof. Dr.']) : null,
    suffix: random.chance(0.05) ? 'Jr.' : null,
    nickname: random.chance(0.1) ? random.pick(['Skip', 'Mückchen', '🦭']) : null,
    phonetic: random.chance(0.05) ? ['zo-ee', null, 'no-vak'] : [null, null, null],
    organization,
    department: organization !== null && random.chance(0.5) ? 'Dispatch' : null,
    jobTitle: organization !== null && random.chance(0.5) ? 'Harbour pilot' : null,
    note: random.chance(0.1) ? 'Met at the harbour.\nLikes tea – not coffee.' : null,
    birthday: random.chance(0.2)
      ? Date.UTC(random.integer(1940, 2010), random.integer(0, 11), random.integer(1, 28), 12) / 1000 -
        cocoaEpochSeconds
      : null,
    created,
    modified: created + random.integer(0, 1000),
    points: planPoints(random, person),
  }
}

function planPoints(random: Random, person: Person): PlannedPoint[] {
  const points: PlannedPoint[] = []
  const add = (kind: ContactPoint['kind'], value: string | null, entries: readonly PlannedEntry[] = []) =>
    points.push({ kind, label: random.pick(labels), value, entries, handle: null })
  const addHandle = (kind: 'phone' | 'email', typed: string, handle: string) =>
    points.push({ kind, label: random.pick(labels), value: typed, entries: [], handle })
  for (const phone of person.phones) addHandle('phone', random.pick(typings)(phone), phone)
  for (const email of person.emails) {
    addHandle('email', random.chance(0.2) ? `R${email.slice(1)}` : email, email)
  }
  if (random.chance(0.2)) add('address', null, address(random))
  if (random.chance(0.05)) add('url', 'https://www.example.org/~me')
  if (random.chance(0.03)) add('related', 'Ada')
  if (random.chance(0.04)) add('im', null, account(random.pick(['Jabber', null]), 'tidepool42'))
  if (random.chance(0.04)) {
    add('profile', null, [...account('Shoal', 'tidepool'), ['url', 'https://social.example.net/@tidepool']])
  }
  if (random.chance(0.04)) add('date', String(Date.UTC(2011, 4, 6, 12) / 1000 - cocoaEpochSeconds))
  if (random.chance(0.03)) add('other', 'something else')
  return points
}

function account(service: string | null, username: string): PlannedEntry[] {
  return [...(service === null ? [] : [['service', service] as const]), ['username', username]]
}

function address(random: Random): PlannedEntry[] {
  const whole: readonly PlannedEntry[] = [
    ['Street', `${random.integer(1, 199)} Wharf Street\nFlat ${random.integer(1, 9)}`],
    ['ZIP', String(random.integer(10000, 99999))],
    ['City', random.pick(['Plymouth', 'Århus', 'São Paulo', '横浜市'])],
    ['State', random.pick(['Devon', 'CA', 'Kanagawa'])],
    ['Country', random.pick(['United Kingdom', 'Danmark', 'Brasil', '日本'])],
    ['CountryCode', random.pick(['gb', 'dk', 'br', 'jp'])],
  ]
  return whole.filter(([part]) => part === 'City' || random.chance(0.8))
}

/** Ways in which people type a number into a contact. Short codes are typed as they are. */
const typings: readonly ((phone: string) => string)[] = [
  (phone) => phone,
  (phone) => (phone.startsWith('+') ? `${phone.slice(0, 4)} ${phone.slice(4, 7)} ${phone.slice(7)}` : phone),
  // As from a card: with the characters that keep it left to right, and a space that does not break.
  (phone) => (phone.startsWith('+') ? `\u202a${phone.slice(0, 5)}\u00a0${phone.slice(5)}\u202c` : phone),
  // Without the country, which is the phone's own.
  (phone) =>
    phone.startsWith('+1') ? `(${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}` : phone,
]
