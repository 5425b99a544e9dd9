import type { Random } from '../random.js'

/** Somebody who writes or is written to. */
export interface Person {
  readonly first: string | null
  readonly middle: string | null
  readonly last: string | null
  readonly organization: string | null
  /** In the form in which Messages files them: E.164, or a short code. */
  readonly phones: readonly string[]
  readonly emails: readonly string[]
}

const firstNames = [
  'Zoë',
  'Liam',
  'Olga',
  'Łukasz',
  'José',
  'Aoife',
  'Müjde',
  '美咲',
  'Иван',
  'Noor',
  'Chloé',
  'Ada',
  'Søren',
  'Priya',
  'אורי',
  'Jean-Luc',
] as const
const lastNames = [
  "O'Brien",
  'Nowak',
  'García Pérez',
  'Öztürk',
  '田中',
  'Петров',
  'van den Berg',
  'Smith',
  'Müller',
  'Nguyễn',
  'Lindqvist',
  'Okafor',
  'Singh',
  'Dubois',
] as const
const middleNames = ['Marie', 'J.', 'Kai', 'Elisabeth'] as const
const organizations = ['Harbour Dental', 'Bäckerei Kröger', 'Example Couriers', 'Tide Tables Ltd'] as const

/** Makes people whose numbers and addresses are all different. Numbers are made up; mail domains are reserved ones. */
export class PeopleMaker {
  readonly #random: Random
  readonly #taken = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** A person with one to three ways to reach them, or now and then a company with a short code. */
  next(): Person {
    const random = this.#random
    if (random.chance(0.06)) {
      const organization = random.pick(organizations)
      return { first: null, middle: null, last: null, organization, phones: [this.#shortCode()], emails: [] }
    }
    const first = random.pick(firstNames)
    const last = random.chance(0.9) ? random.pick(lastNames) : null
    const middle = last !== null && random.chance(0.15) ? random.pick(middleNames) : null
    const organization = random.chance(0.1) ? random.pick(organizations) : null
    const phones = [this.#phone()]
    if (random.chance(0.2)) phones.push(this.#phone())
    const emails = random.chance(0.4) ? [this.#email()] : []
    return { first, middle, last, organization, phones, emails }
  }

  #phone(): string {
    const forms = [
      () => `+1555${this.#random.integer(2000000, 9999999)}`,
      () => `+447700${this.#random.integer(900000, 999999)}`,
      () => `+4915${this.#random.integer(100000000, 999999999)}`,
      () => `+8190${this.#random.integer(10000000, 99999999)}`,
    ]
    return this.#unique(() => this.#random.pick(forms)())
  }

  #shortCode(): string {
    return this.#unique(() => String(this.#random.integer(20000, 999999)))
  }

  #email(): string {
    const domains = ['example.com', 'example.org', 'example.net'] as const
    return this.#unique(() => `reader${this.#random.integer(1, 9_999_999)}@${this.#random.pick(domains)}`)
  }

  #unique(make: () => string): string {
    let value = make()
    while (this.#taken.has(value)) value = make()
    this.#taken.add(value)
    return value
  }
}
