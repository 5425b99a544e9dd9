import type { ErrorCode } from './codes.js'

const brand = Symbol.for('holdfast.error')

/** What an error says beside its message. */
export interface ErrorDetails {
  /** One sentence that a user can act on. */
  readonly hint?: string
  /** False when trying again without a change cannot help; then no automatic retry follows. @default true */
  readonly retryable?: boolean
  /** What led to it; kept out of journals, views and events. */
  readonly cause?: unknown
  /** Facts as fields: paths, counts, names. Never secrets: they are journaled and shown. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>
}

/** An error as plain JSON: what journals, views, events and command-line output carry. */
export type ErrorReport = {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly retryable: boolean
  readonly facts: { readonly [name: string]: string | number | boolean | null }
}

/**
 * The one error class of Holdfast, told apart by its stable `code`.
 * Recognise it with {@link isHoldfastError}: Electron has realms and hosts have duplicate packages, so `instanceof` is not reliable.
 */
export class HoldfastError extends Error {
  readonly [brand] = true
  readonly code: ErrorCode | (string & {})
  readonly hint: string | null
  readonly retryable: boolean
  readonly facts: Readonly<Record<string, string | number | boolean | null>>

  constructor(code: ErrorCode | (string & {}), message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.hint = details.hint ?? null
    this.retryable = details.retryable ?? true
    this.facts = details.facts ?? {}
  }
}

/** Whether `value` is a HoldfastError, of this copy of the package or another. */
export function isHoldfastError(value: unknown): value is HoldfastError {
  return typeof value === 'object' && value !== null && brand in value
}

/**
 * Whatever was thrown, as a HoldfastError: one of ours unchanged, anything else under `code`
 * with its own message, and with its system code (`ENOSPC`, `SQLITE_BUSY`) as the fact `systemCode`.
 */
export function toHoldfastError(thrown: unknown, code: ErrorCode = 'STEP_FAILED'): HoldfastError {
  if (isHoldfastError(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : describe(thrown)
  const systemCode = systemCodeOf(thrown)
  return new HoldfastError(code, message, {
    cause: thrown,
    ...(systemCode === null ? {} : { facts: { systemCode } }),
  })
}

/** The `code` of a Node or SQLite error, such as `ENOSPC` or `SQLITE_FULL`; null when there is none. */
export function systemCodeOf(thrown: unknown): string | null {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return null
  return typeof thrown.code === 'string' ? thrown.code : null
}

/** The plain-JSON report of an error, without its cause and its stack. */
export function reportError(thrown: unknown): ErrorReport {
  if (isErrorReport(thrown)) return thrown
  const error = toHoldfastError(thrown)
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    retryable: error.retryable,
    facts: Object.fromEntries(Object.entries(error.facts).map(([name, value]) => [name, plainFact(value)])),
  }
}

/** A fact as JSON can hold it: JavaScript lets anything pass for one, and no journal could write a bigint. */
function plainFact(value: unknown): string | number | boolean | null {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  if (isPlain || value === null) return value
  return describeValue(value)
}

function describeValue(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}

/** Whether `value` is a report already: an error that crossed a journal or a process boundary. */
export function isErrorReport(value: unknown): value is ErrorReport {
  if (typeof value !== 'object' || value === null || isHoldfastError(value) || value instanceof Error)
    return false
  return (
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string' &&
    'retryable' in value &&
    typeof value.retryable === 'boolean' &&
    'hint' in value &&
    'facts' in value
  )
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string' && thrown !== '') return thrown
  return 'The step failed without saying why.'
}
