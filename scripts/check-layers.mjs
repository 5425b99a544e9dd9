// Checks that imports run one way, as lib/layers.mjs declares, and prints each one that does not.
// Cycles of files are the linter's business (import/no-cycle); cycles of folders are found here.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importsOf } from './lib/imports.mjs'
import { faultOf, folderOf } from './lib/layer-rules.mjs'
import { packageFolders, readManifest, root } from './lib/workspace.mjs'

/**
 * @typedef {import('./lib/layer-rules.mjs').Edge} Edge
 * @typedef {import('./lib/layer-rules.mjs').Package} Package
 * @typedef {import('./lib/layer-rules.mjs').Source} Source
 */

/**
 * Every import of the workspace that breaks a rule, as a line for the reader.
 * @param {string} rootFolder
 * @returns {string[]}
 */
export function layerFaults(rootFolder) {
  const packages = ['.', ...packageFolders(rootFolder)].map((folder) => ({
    folder,
    manifest: readManifest(join(rootFolder, folder)),
  }))
  const edges = packages
    .filter(({ folder }) => folder !== '.')
    .flatMap((home) => sourcesOf(rootFolder, home))
    .flatMap((source) => edgesOf(rootFolder, source))

  const faults = edges.flatMap((edge) => {
    const fault = faultOf(edge, packages)
    return fault === undefined ? [] : [`${describe(edge)}: ${fault}`]
  })
  return [...faults, ...folderCycles(edges)]
}

/**
 * @param {string} rootFolder
 * @param {Package} home
 * @returns {Source[]}
 */
function sourcesOf(rootFolder, home) {
  return ['src', 'test', 'bench'].flatMap((part) => {
    const folder = join(rootFolder, home.folder, part)
    if (!existsSync(folder)) return []
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[cm]?tsx?$/.test(name) && !name.split(sep).includes('node_modules'))
      .map((name) => posix.join(part, name.replaceAll(sep, '/')))
      .sort()
      .map((path) => ({ home, path, role: roleOf(path) }))
  })
}

/**
 * @param {string} path
 * @returns {import('./lib/layer-rules.mjs').Role}
 */
function roleOf(path) {
  if (!path.startsWith('src/') || path.endsWith('.test.ts')) return 'test'
  return path.startsWith('src/testing/') ? 'testing' : 'shipped'
}

/**
 * @param {string} rootFolder
 * @param {Source} from
 * @returns {Edge[]}
 */
function edgesOf(rootFolder, from) {
  const file = posix.join(from.home.folder, from.path)
  return importsOf(file, readFileSync(join(rootFolder, file), 'utf8')).map((found) => {
    if (!found.specifier.startsWith('.')) return { ...found, from }
    // The sources name each other as they will be called when they are built.
    const to = posix.join(posix.dirname(file), found.specifier).replace(/\.([cm]?)js$/, '.$1ts')
    return { ...found, from, to }
  })
}

/**
 * @param {readonly Edge[]} edges
 * @returns {string[]}
 */
function folderCycles(edges) {
  const between = edges.flatMap((edge) => {
    const { home, path, role } = edge.from
    if (role !== 'shipped' || edge.to === undefined || !edge.to.startsWith(`${home.folder}/src/`)) return []
    const here = folderOf(path)
    const there = folderOf(posix.relative(home.folder, edge.to))
    return here === there ? [] : [{ edge, here: `${home.folder}/${here}`, there: `${home.folder}/${there}` }]
  })
  /** @type {(from: string, to: string, seen?: Set<string>) => boolean} */
  const reaches = (from, to, seen = new Set()) =>
    from === to ||
    between.some(({ here, there }) => {
      if (here !== from || seen.has(there)) return false
      return reaches(there, to, seen.add(there))
    })
  return between
    .filter(({ here, there }) => reaches(there, here))
    .map(({ edge, here, there }) => `${describe(edge)}: a circle, as ${there}/ also leads back to ${here}/`)
}

/** @param {Edge} edge */
function describe({ from, line, specifier }) {
  return `${from.home.folder}/${from.path}:${line} imports '${specifier}'`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = layerFaults(root)
  for (const fault of faults) console.log(fault)
  if (faults.length > 0) process.exitCode = 1
}
