import { setImmediate as nextTurn } from 'node:timers/promises'
import { numberOrNull } from '../fields.js'
import type { LibraryDatabase } from '../library-database.js'

/** Rows that are looked at between two turns of the event loop: few enough not to be felt. */
const rowsAtOnce = 4000

/** A range of row numbers or places: above `after`, up to and including `upTo`. */
export interface Page {
  readonly after: number
  readonly upTo: number
}

/** The ranges that cover a table's `column`, each in a turn of the event loop of its own; with `of`, what belongs to an import. */
export async function* pagesOf(
  db: LibraryDatabase,
  table: string,
  column: 'row' | 'seq',
  options: { readonly signal: AbortSignal; readonly of?: number },
): AsyncGenerator<Page> {
  const { signal, of } = options
  const [condition, parameters] = of === undefined ? ['', []] : ['WHERE import = ?', [of]]
  // One by one: asked for both at once, SQLite reads them all.
  const end = (which: 'min' | 'max'): string => `(SELECT ${which}(${column}) FROM ${table} ${condition})`
  const ends = db.attempt('auditing', () =>
    db.get(`SELECT ${end('min')} AS first, ${end('max')} AS last`, ...parameters, ...parameters),
  )
  const first = ends === null ? null : numberOrNull(ends, 'first')
  const last = ends === null ? null : numberOrNull(ends, 'last')
  if (first === null || last === null) return
  for (let after = first - 1; after < last; after += rowsAtOnce) {
    await nextTurn()
    signal.throwIfAborted()
    yield { after, upTo: after + rowsAtOnce }
  }
}
