import type { ContactPoint, ContactRecord } from '@holdfast/core/import'
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
  other: 12,
} as const satisfies Record<ContactPoint['kind'], number>

/** Parts of an address, in the order in which a reader joins them. */
export const addressParts = ['Street', 'ZIP', 'City', 'State', 'Country'] as const

/** An address part that is there. */
export type AddressEntry = readonly [part: (typeof addressParts)[number], value: string]

/** A row of `ABMultiValue`: a value, or for an address its parts. */
export interface PlannedPoint {
  readonly kind: ContactPoint['kind']
  /** As the label table holds it: dressed (`_$!<Home>!$_`), one's own words, or null. */
  readonly label: string | null
  readonly value: string | null
  readonly entries: readonly AddressEntry[]
}

/** A row of `ABPerson` and what belongs to it. Dates are Cocoa seconds. */
export interface PlannedContact {
  readonly rowid: number
  /** Null and empty occur; then a reader falls back to the row id. */
  readonly guid: string | null
  readonly first: string | null
  readonly middle: string | null
  readonly last: string | null
  readonly organization: string | null
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
    organization,
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
  const add = (kind: ContactPoint['kind'], value: string | null, entries: readonly AddressEntry[] = []) =>
    points.push({ kind, label: random.pick(labels), value, entries })
  for (const phone of person.phones) add('phone', random.chance(0.5) ? phone : spaced(phone))
  for (const email of person.emails) add('email', email)
  if (random.chance(0.2)) add('address', null, address(random))
  if (random.chance(0.05)) add('url', 'https://www.example.org/~me')
  if (random.chance(0.03)) add('related', 'Ada')
  if (random.chance(0.03)) add('im', 'tidepool42')
  if (random.chance(0.03)) add('profile', 'https://social.example.net/@tidepool')
  if (random.chance(0.03)) add('other', '2011-05-06')
  return points
}

function address(random: Random): AddressEntry[] {
  const whole: readonly AddressEntry[] = [
    ['Street', `${random.integer(1, 199)} Wharf Street\nFlat ${random.integer(1, 9)}`],
    ['ZIP', String(random.integer(10000, 99999))],
    ['City', random.pick(['Plymouth', 'Århus', 'São Paulo', '横浜市'])],
    ['State', random.pick(['Devon', 'CA', 'Kanagawa'])],
    ['Country', random.pick(['United Kingdom', 'Danmark', 'Brasil', '日本'])],
  ]
  return whole.filter(([part]) => part === 'City' || random.chance(0.8))
}

/** A number as people type it into a contact: with spaces, so that it does not equal the handle. */
function spaced(phone: string): string {
  return phone.startsWith('+') ? `${phone.slice(0, 4)} ${phone.slice(4, 7)} ${phone.slice(7)}` : phone
}

/** What a reader should make of a contact; `withGuid` says whether the table has that column. */
export function contactRecord(contact: PlannedContact, withGuid: boolean): ContactRecord {
  const id = withGuid && contact.guid ? contact.guid : `person-${contact.rowid}`
  const points = contact.points.map(({ kind, label, value, entries }) => ({
    kind,
    value: value ?? entries.map(([, part]) => part).join(', '),
    label: label === null ? null : label.replace(/^_\$!<(.*)>!\$_$/, '$1'),
  }))
  const name = [contact.first, contact.middle, contact.last].filter((part) => part !== null).join(' ')
  const displayName = name !== '' ? name : (contact.organization ?? points[0]?.value ?? '')
  return {
    type: 'contact',
    key: id,
    id,
    displayName,
    firstName: contact.first,
    middleName: contact.middle,
    lastName: contact.last,
    organization: contact.organization,
    note: contact.note,
    birthday:
      contact.birthday === null
        ? null
        : new Date((contact.birthday + cocoaEpochSeconds) * 1000).toISOString().slice(0, 10),
    createdAt: (contact.created + cocoaEpochSeconds) * 1000,
    modifiedAt: (contact.modified + cocoaEpochSeconds) * 1000,
    points,
  }
}
