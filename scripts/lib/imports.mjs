import { parseSync, Visitor } from 'rolldown/utils'

/** @typedef {{ specifier: string, line: number, typesOnly: boolean }} Import */

/**
 * Every module that a TypeScript or JavaScript source names: in imports, re-exports, `import()` and `import()` types.
 * Throws when the source does not parse.
 * @param {string} file only its ending matters
 * @param {string} source
 * @returns {Import[]} in the order of the lines
 */
export function importsOf(file, source) {
  const { program, errors } = parseSync(file, source)
  const [error] = errors
  if (error !== undefined) throw new Error(`${file} does not parse: ${error.message}`)

  /** @type {Import[]} */
  const found = []
  /**
   * @param {{ value: unknown, start: number } | null} from
   * @param {boolean} typesOnly
   */
  const add = (from, typesOnly) => {
    if (typeof from?.value !== 'string') return
    found.push({ specifier: from.value, line: source.slice(0, from.start).split('\n').length, typesOnly })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source.type === 'Literal' ? node.source : null, false),
    TSImportType: (node) => add(node.source, true),
  }).visit(program)
  return found.sort((a, b) => a.line - b.line)
}
