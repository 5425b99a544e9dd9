/** One thing that was said, in the order in which it was said. */
export interface Line {
  /** Where it was said: `mux`, `lockdown`, or the name of a service. */
  readonly where: string
  readonly from: 'host' | 'phone'
  /** The request, command or status, by its name in the protocol. */
  readonly what: string
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/** What happened between a host and an emulated phone, and what the host did that no host may do. */
export class Transcript {
  readonly #lines: Line[] = []
  readonly #complaints: string[] = []

  /** Everything that was said. */
  get lines(): readonly Line[] {
    return this.#lines
  }

  /** What the host did against its protocol. A test of a host ends with this being empty. */
  get complaints(): readonly string[] {
    return this.#complaints
  }

  /** What the host said at a place, by name. */
  said(where: string): readonly string[] {
    return this.#lines.filter((line) => line.where === where && line.from === 'host').map(({ what }) => what)
  }

  host(where: string, what: string, details: Line['details'] = {}): void {
    this.#lines.push({ where, from: 'host', what, details })
  }

  phone(where: string, what: string, details: Line['details'] = {}): void {
    this.#lines.push({ where, from: 'phone', what, details })
  }

  complain(where: string, complaint: string): void {
    this.#complaints.push(`${where}: ${complaint}`)
  }
}
