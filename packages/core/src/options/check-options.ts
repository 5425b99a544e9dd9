import { HoldfastError } from '../errors/holdfast-error.js'

/** How one option is checked: a sentence that says what it must be, and the test of it. */
export interface OptionRule {
  readonly must: string
  readonly test: (value: unknown) => boolean
}

/** The usual rules. */
export const rule = {
  string: {
    must: 'be a non-empty string',
    test: (value: unknown) => typeof value === 'string' && value !== '',
  },
  boolean: { must: 'be true or false', test: (value: unknown) => typeof value === 'boolean' },
  function: { must: 'be a function', test: (value: unknown) => typeof value === 'function' },
  object: { must: 'be an object', test: (value: unknown) => typeof value === 'object' && value !== null },
  strings: {
    must: 'be an array of non-empty strings',
    test: (value: unknown) =>
      Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== ''),
  },
  positive: {
    must: 'be a positive number',
    test: (value: unknown) => typeof value === 'number' && value > 0,
  },
  count: {
    must: 'be a whole number of at least 1',
    test: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 1,
  },
  duration: {
    must: 'be a number of milliseconds, from 0 on',
    test: (value: unknown) => typeof value === 'number' && value >= 0,
  },
  fraction: {
    must: 'be a number from 0 to 1',
    test: (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  any: { must: 'be there', test: () => true },
  oneOf: (...allowed: readonly string[]): OptionRule => ({
    must: `be one of ${allowed.join(', ')}`,
    test: (value) => typeof value === 'string' && allowed.includes(value),
  }),
} as const

/**
 * Checks an options object at once: every property must be known and pass its rule; `required` ones must be there.
 * A misspelt option is refused, with the nearest known name in the hint, instead of being ignored for years.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function checkOptions(
  owner: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  required: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new HoldfastError('OPTION_INVALID', `${owner} takes an options object`, { retryable: false })
  }
  for (const [name, value] of Object.entries(options)) {
    const known = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (known === undefined) {
      const near = nearest(name, Object.keys(rules))
      throw new HoldfastError('OPTION_UNKNOWN', `${owner} has no option '${name}'`, {
        hint: near === null ? `It takes: ${Object.keys(rules).join(', ')}.` : `Did you mean '${near}'?`,
        retryable: false,
        facts: { option: name },
      })
    }
    if (value !== undefined && !known.test(value)) throw invalid(owner, name, known.must)
  }
  const given = new Map<string, unknown>(Object.entries(options))
  for (const name of required) {
    if (given.get(name) === undefined) throw invalid(owner, name, rules[name]?.must ?? 'be there')
  }
}

function invalid(owner: string, name: string, must: string): HoldfastError {
  return new HoldfastError('OPTION_INVALID', `${owner}: '${name}' must ${must}`, {
    retryable: false,
    facts: { option: name },
  })
}

/** The known name that differs from `name` by at most a third of its letters; null when none does. */
function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
