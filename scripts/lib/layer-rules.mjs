import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { adapterArrows, coreTiers, packageArrows } from './layers.mjs'

/**
 * @typedef {object} Package
 * @property {string} folder relative to the root, such as `packages/core`
 * @property {import('./workspace.mjs').Manifest} manifest
 *
 * @typedef {'shipped' | 'testing' | 'test'} Role shipped to hosts; shipped for their tests (src/testing); our own tests and benchmarks
 *
 * @typedef {object} Source
 * @property {Package} home
 * @property {string} path relative to the package, such as `src/machine/decide.ts`
 * @property {Role} role
 *
 * @typedef {import('./imports.mjs').Import & { from: Source, to?: string }} Edge `to` is the file that a relative import
 * names, relative to the root
 */

/**
 * Says what is wrong with an import.
 * @param {Edge} edge
 * @param {readonly Package[]} packages the workspace
 * @returns {string | undefined} undefined when nothing is
 */
export function faultOf(edge, packages) {
  if (edge.to !== undefined) return faultOfRelative(edge, edge.to)
  if (isBuiltin(edge.specifier)) return faultOfBuiltin(edge)
  return faultOfPackage(edge, packages)
}

/**
 * The folder of src that a file belongs to: `machine`, or `index.ts` for a file of src itself.
 * @param {string} path relative to the package
 */
export function folderOf(path) {
  return path.split('/')[1] ?? ''
}

/**
 * @param {Edge} edge
 * @param {string} to
 */
function faultOfRelative({ from, typesOnly }, to) {
  const path = posix.relative(from.home.folder, to)
  if (path.startsWith('..')) return 'another package is imported by its name'
  if (path.startsWith('dist/')) return 'sources do not import what is built from them'
  if (from.role === 'test') return undefined
  if (!path.startsWith('src/') || path.endsWith('.test.ts')) return 'what is shipped imports no tests'

  const here = folderOf(from.path)
  const there = folderOf(path)
  if (here === there || from.role === 'testing') return undefined
  if (there === 'testing') return 'only tests import what is for tests'
  if (from.home.manifest.name === '@holdfast/core') return faultInCore(here, there)
  if (from.home.manifest.name === '@holdfast/adapters') return faultInAdapters(here, path, typesOnly)
  return undefined
}

/**
 * @param {string} here
 * @param {string} there
 */
function faultInCore(here, there) {
  if (here === 'import') {
    return there === 'index.ts' ? undefined : 'import/ uses only what a stranger could: ../index.js'
  }
  if (there === 'import') return 'the engine knows nothing of the import, which is built on it'
  if (here === 'index.ts') return undefined
  if (there === 'index.ts') return 'index.ts is for those outside; name the file itself'

  const tierOf = (/** @type {string} */ folder) => coreTiers.findIndex((tier) => tier.includes(folder))
  const unknown = [here, there].find((folder) => tierOf(folder) === -1)
  if (unknown !== undefined) return `${unknown}/ has no tier in scripts/lib/layers.mjs`
  return tierOf(there) <= tierOf(here) ? undefined : `${here}/ stands below ${there}/`
}

/**
 * @param {string} here
 * @param {string} path
 * @param {boolean} typesOnly
 */
function faultInAdapters(here, path, typesOnly) {
  const there = folderOf(path)
  const arrow = adapterArrows[here]?.find(({ to }) => to === there)
  if (arrow === undefined) return `scripts/lib/layers.mjs declares no arrow from ${here}/ to ${there}/`
  if (arrow.typesOnly === true && !typesOnly) return `${here}/ may only 'import type' from ${there}/`
  const { files } = arrow
  if (files !== undefined && !files.some((file) => path === `src/${there}/${file}`)) {
    return `of ${there}/, ${here}/ may import only ${files.join(', ')}`
  }
  return undefined
}

/** @param {Edge} edge */
function faultOfBuiltin({ from }) {
  if (from.home.manifest.name !== '@holdfast/core' || from.role !== 'shipped') return undefined
  return 'core runs wherever JavaScript does: nothing of Node outside src/testing'
}

/**
 * @param {Edge} edge
 * @param {readonly Package[]} packages
 */
function faultOfPackage({ from, specifier }, packages) {
  const [name, subpath] = splitSpecifier(specifier)
  const { manifest, folder } = from.home

  const target = packages.find((candidate) => candidate.manifest.name === name)
  if (target !== undefined) {
    if (target === from.home)
      return from.role === 'test' ? undefined : 'a package imports its own files by path'
    const kind = folder.startsWith('examples/') ? 'examples' : manifest.name
    if (!(packageArrows[kind] ?? []).includes(name)) return `${kind} may not import ${name}`
    if (target.manifest.exports?.[subpath] === undefined) return `${name} does not export ${subpath}`
    if (subpath === './testing' && from.role === 'shipped' && kind !== 'examples') {
      return 'only tests import what is for tests'
    }
  }

  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = manifest
  const declared = { ...dependencies, ...peerDependencies, ...optionalDependencies }
  if (name in declared) return undefined
  if (from.role === 'test') {
    const workshop = packages.find((candidate) => candidate.folder === '.')?.manifest.devDependencies
    if (name in { ...devDependencies, ...workshop }) return undefined
  }
  return `${folder}/package.json does not declare ${name}`
}

/**
 * @param {string} specifier
 * @returns {[name: string, subpath: string]} the subpath as `exports` writes it
 */
function splitSpecifier(specifier) {
  const parts = specifier.split('/')
  const name = parts.splice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  return [name, ['.', ...parts].join('/')]
}
