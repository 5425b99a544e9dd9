import { PeopleMaker } from '../contacts/people.js'
import type { Random } from '../random.js'

/** Somebody on WhatsApp. */
export interface WhatsAppPerson {
  /** As WhatsApp files the person: `<number>@s.whatsapp.net`, or a hidden id, `<id>@lid`. */
  readonly jid: string
  /** What a reader should make of it: the phone number where it is known, else the hidden id. */
  readonly handle: string
  readonly name: string
  /** Which database says what number a hidden id has; null for one that none knows, and for a number that is not hidden. */
  readonly pairedIn: 'LID.sqlite' | 'ContactsV2.sqlite' | null
}

/**
 * Makes people with different numbers. With `lids`, a third are known by a hidden id: most of those with their number in LID.sqlite,
 * some in ContactsV2.sqlite, some nowhere.
 */
export function makeWhatsAppPeople(random: Random, count: number, lids: boolean): WhatsAppPerson[] {
  const maker = new PeopleMaker(random.fork('people'))
  const people: WhatsAppPerson[] = []
  while (people.length < count) {
    const person = maker.next()
    const phone = person.phones.find((each) => each.startsWith('+'))
    if (phone === undefined) continue
    const name = [person.first, person.last].filter((part) => part !== null).join(' ')
    const hidden = lids && people.length % 3 === 1
    if (!hidden) {
      people.push({ jid: `${phone.slice(1)}@s.whatsapp.net`, handle: phone, name, pairedIn: null })
      continue
    }
    const id = `1${random.integer(10 ** 8, 10 ** 9 - 1)}${random.integer(10000, 99999)}`
    const pairedIn = lidPairs[Math.floor(people.length / 3) % lidPairs.length] ?? null
    people.push({ jid: `${id}@lid`, handle: pairedIn === null ? `${id}@lid` : phone, name, pairedIn })
  }
  return people
}

const lidPairs = ['LID.sqlite', 'ContactsV2.sqlite', 'LID.sqlite', null] as const
