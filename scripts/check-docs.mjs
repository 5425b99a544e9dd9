// Checks that the documents are current: links lead somewhere, commands exist, and docs/errors.md is the table of the codes.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readManifest, root } from './lib/workspace.mjs'

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'coverage', '.git', '.holdfast'])

/**
 * What is wrong in one document.
 * @param {string} file absolute
 * @param {string} text
 * @param {{ scripts: readonly string[] }} facts the npm scripts that there are
 * @returns {string[]}
 */
export function documentFaults(file, text, { scripts }) {
  // Code blocks hold no links of the document, but do hold commands.
  const prose = text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? '')
  const commands = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1] ?? '')
  return [
    ...links.flatMap((link) => linkFault(file, text, link) ?? []),
    ...commands.filter((name) => !scripts.includes(name)).map((name) => `there is no 'npm run ${name}'`),
  ]
}

/**
 * @param {string} file
 * @param {string} text
 * @param {string} link
 */
function linkFault(file, text, link) {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? file : join(dirname(file), decodeURIComponent(path))
  if (path !== '' && !existsSync(target)) return `the link ${link} leads nowhere`
  if (anchor === undefined || !target.endsWith('.md')) return undefined
  const headings = anchorsOf(target === file ? text : readFileSync(target, 'utf8'))
  return headings.includes(anchor) ? undefined : `the link ${link} names a heading that is not there`
}

/**
 * The anchors of a document's headings, as GitHub makes them.
 * @param {string} text
 */
function anchorsOf(text) {
  const headings = [...text.replace(/^```.*?^```/gms, '').matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)]
  return headings.map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
}

/**
 * The table of error codes says exactly what the code says.
 * @param {string} text docs/errors.md
 * @param {Readonly<Record<string, string>>} errorCodes
 * @returns {string[]}
 */
export function errorTableFaults(text, errorCodes) {
  const rows = new Map(
    [...text.matchAll(/^\| *`([A-Z][A-Z0-9_]*)` *\| *([^|]*?) *\|/gm)].map((row) => [row[1], row[2]]),
  )
  return [
    ...Object.entries(errorCodes).flatMap(([code, meaning]) => {
      if (!rows.has(code)) return [`${code} is missing`]
      return rows.get(code) === meaning
        ? []
        : [`${code} is said to mean '${rows.get(code)}', not '${meaning}'`]
    }),
    ...[...rows.keys()].flatMap((code) =>
      code !== undefined && code in errorCodes ? [] : [`${code} is no code`],
    ),
  ]
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function documentsIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : documentsIn(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

async function check() {
  const scripts = Object.keys(readManifest(root).scripts ?? {})
  const faults = documentsIn(root).flatMap((file) =>
    documentFaults(file, readFileSync(file, 'utf8'), { scripts }).map(
      (fault) => `${relative(root, file)}: ${fault}`,
    ),
  )
  const table = join(root, 'docs', 'errors.md')
  if (existsSync(table)) {
    const core = await import(pathToFileURL(join(root, 'packages', 'core', 'dist', 'index.js')).href)
    faults.push(
      ...errorTableFaults(readFileSync(table, 'utf8'), core.errorCodes).map(
        (fault) => `docs/errors.md: ${fault}`,
      ),
    )
  }
  for (const fault of faults) console.log(fault)
  if (faults.length > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await check()
