import {
  countsOf,
  type ImportCheck,
  type LibraryCheck,
  type LibraryDifference,
  libraryDifferences,
} from '@holdfast/core/import'
import { shortId } from '../runs/find-run.js'
import { count, counted, localTime } from '../terminal/format.js'
import type { Colors } from '../terminal/terminal.js'

/** Most differences of a kind that are listed in words; `--json` has a hundred of each import. */
const shownDifferences = 20

/** What holding a library against its receipts found: an import each, then what concerns none; each kind of difference with what to do. */
export function checkWords(check: LibraryCheck, colors: Colors): readonly string[] {
  const ids = check.imports.map((each) => ({ id: each.import }))
  const imports = check.imports.flatMap((each) => importWords(each, shortId(each.import, ids), colors))
  if (check.problems.length === 0) {
    const beside =
      'nothing beside them: every row belongs to an import, every item is seen once, every file belongs to an item'
    return [...imports, `${colors.green('✓')} ${beside}`]
  }
  return [
    ...imports,
    `${colors.red('✗')} the library holds what it should not, or lacks what it should hold`,
    ...differenceWords(check.problems, check.found),
  ]
}

function importWords(check: ImportCheck, name: string, colors: Colors): readonly string[] {
  const { items, valid, receipt } = check
  const when = receipt === null ? '' : ` of ${localTime(receipt.verifiedAt)}`
  const head = `import ${name}${when}: ${counted(items, 'items')}`
  if (valid && receipt !== null) {
    return [
      `${colors.green('✓')} ${head}, all as the receipt says`,
      ...countWords(check),
      `    digest ${receipt.digest}`,
    ]
  }
  return [
    `${colors.red('✗')} ${head}, not as the receipt says`,
    ...countWords(check),
    ...differenceWords(check.differences, check.found),
  ]
}

/** A line for each kind of item that is there or should be: how many the library holds, and how many the receipt counts. */
function countWords({ counts, receipt }: ImportCheck): readonly string[] {
  const proved = receipt === null ? counts : countsOf(receipt)
  const kinds = ['chats', 'messages', 'attachments', 'contacts', 'calls', 'voicemails'] as const
  return kinds.flatMap((kind) => {
    const there = totalOf(counts[kind])
    const said = totalOf(proved[kind])
    if (there === 0 && said === 0) return []
    const label = `    ${kind}`.padEnd(16)
    return [
      `${label} ${count(there).padStart(9)}${there === said ? '' : `, the receipt says ${count(said)}`}`,
    ]
  })
}

function totalOf({ stored, present, skipped, failed }: ImportCheck['counts']['messages']): number {
  return stored + present + skipped + failed
}

/** Differences by their kind, each kind once with what to do about it. */
function differenceWords(differences: readonly LibraryDifference[], found: number): readonly string[] {
  const kinds = [...new Set(differences.map(({ difference }) => difference))]
  const lines = kinds.flatMap((kind) => {
    const { says, todo } = libraryDifferences[kind]
    const ofKind = differences.filter(({ difference }) => difference === kind)
    const shown = ofKind.slice(0, shownDifferences)
    return [
      `    ${kind.replace('-', ' ')}: ${says}`,
      ...shown.map(({ type, key, detail }) => `      ${type} ${key}${detail === null ? '' : `: ${detail}`}`),
      ...(ofKind.length > shown.length ? [`      and ${count(ofKind.length - shown.length)} more`] : []),
      `      → ${todo}`,
    ]
  })
  return found > differences.length ? [...lines, `    ${counted(found, 'differences')} in all`] : lines
}
