import type { Json } from '../json/json.js'
import { engineStates, type SagaDefinition } from '../saga/saga-definition.js'
import { isPlainWord } from './plain-words.js'

/**
 * How values of a run are shown outside of it: `data` is what steps and hosts gave (inputs, outputs, checkpoints, options, facts),
 * `text` a sentence for people (messages, hints, questions). False shows everything as it is.
 */
export type Redaction = false | ((value: Json, is: 'data' | 'text') => Json)

/** Checks a {@link Redaction}. */
export const redactionRule = {
  must: 'be false or a function',
  test: (value: unknown): boolean => value === false || typeof value === 'function',
}

/** A redaction, ready for use. */
export interface Redactor {
  data(value: Json): Json
  text(sentence: string): string
  /** A word that a programmer chose, such as an error's code: kept when it looks like one. */
  word(name: string): string
}

/**
 * The redactor that a host asked for. By default nothing that could tell a person is shown: structure, true and false, small
 * numbers and the words of the engine and of the saga stay; every other text becomes its length.
 */
export function redactorFor(saga: SagaDefinition | null, redaction: Redaction | undefined): Redactor {
  if (redaction === false) return { data: same, text: same, word: same }
  const words = wordsOf(saga)
  if (redaction === undefined) {
    return { data: (value) => redactData(value, words), text: (text) => redactText(text, words), word }
  }
  const text = (sentence: string): string => {
    const shown = redaction(sentence, 'text')
    return typeof shown === 'string' ? shown : JSON.stringify(shown)
  }
  return { data: (value) => redaction(value, 'data'), text, word }
}

/**
 * The default redaction of data. Text stays only when it is one ordinary word such as `keep`, or one of `words`; numbers of more
 * than six digits, which may be telephone numbers, and fractions, which may be places, keep three digits that count; names of
 * properties stay when they look like names in code.
 */
export function redactData(value: Json, words: ReadonlySet<string> = noWords): Json {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < 1e6 ? value : Number(value.toPrecision(3))
  }
  if (typeof value === 'string') {
    return value === '' || words.has(value) || isPlainWord(value) ? value : lengthOf(value)
  }
  if (isArray(value)) return value.map((item) => redactData(item, words))
  const copy: Record<string, Json> = {}
  for (const [index, [name, item]] of Object.entries(value).entries()) {
    const isName = words.has(name) || (propertyShape.test(name) && !manyDigits.test(name))
    copy[isName ? name : `[property ${index + 1}]`] = redactData(item, words)
  }
  return copy
}

/**
 * The default redaction of a sentence: ordinary words and `words` stay, numbers become `#`, and everything else, quotations above
 * all, becomes `…`.
 */
export function redactText(sentence: string, words: ReadonlySet<string> = noWords): string {
  const isKnown = (text: string): boolean => words.has(text) || isPlainWord(text)
  return sentence
    .replaceAll(quotation, (whole, content: string) => (isKnown(content) ? whole : '…'))
    .split(/\s+/)
    .map((token, index, tokens) => {
      const [, before = '', core = '', after = ''] = aroundWord.exec(token) ?? []
      // Elsewhere than there a capital letter makes a name of an ordinary word: An, Long, So.
      const isBeginning = index === 0 || /[.!?]$/.test(tokens[index - 1] ?? '')
      if (core === '' || isKnown(core) || (isBeginning && isPlainWord(core.toLowerCase()))) return token
      return `${before}${/^\d+$/.test(core) ? '#' : '…'}${after}`
    })
    .join(' ')
    .replaceAll(/…(?: …)+/g, '…')
}

const noWords: ReadonlySet<string> = new Set()

/** A property's name as programmers choose it: neither a path, nor an address, nor a person's name with a capital letter. */
const propertyShape = /^[a-z_$][\w$-]{0,31}$/
const manyDigits = /(?:\d.*){4}/
const wordShape = /^[a-z][\w.-]{0,99}$/i
const quotation = /(?<![^\s(:])['"`“‘](.+?)['"`”’](?![^\s.,:;!?)])/g
const aroundWord = /^(['"`“‘(]*)(.*?)(['"`”’).,:;!?…]*)$/s

/** The words of a run that are ours or its programmer's: states, steps, hooks, reasons. */
function wordsOf(saga: SagaDefinition | null): ReadonlySet<string> {
  const own = saga === null ? [] : [saga.name, ...saga.steps.flatMap((step) => [step.name, ...step.needs])]
  return new Set([...engineStates, ...own, ...(saga?.hooks ?? []).map(({ name }) => name)])
}

function word(name: string): string {
  return wordShape.test(name) && !/\d{5}/.test(name) ? name : lengthOf(name)
}

function lengthOf(text: string): string {
  return `[${text.length} ${text.length === 1 ? 'character' : 'characters'}]`
}

function same<Value>(value: Value): Value {
  return value
}

/** `Array.isArray` does not tell a read-only array from an object. */
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
