import { readFileSync } from 'node:fs'

/** Ends the program with one clear line where the running Node is not one that `engines.node` of package.json names. */
export function requireSupportedNode() {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  /** @type {string} */
  const range = manifest.engines.node
  if (satisfies(process.versions.node, range)) return
  process.stderr.write(`Holdfast needs Node ${inWords(range)}; this is Node ${process.versions.node}.\n`)
  process.exit(1)
}

/**
 * Tells whether a version lies in a range made of `^a.b.c` and `>=a.b.c` joined by `||`: the forms that `engines` uses.
 * @param {string} version as in `process.versions.node`
 * @param {string} range
 */
export function satisfies(version, range) {
  const actual = numbers(version)
  return parts(range).some(({ operator, floor }) => {
    if (operator === '^' && actual[0] !== floor[0]) return false
    const difference = floor.map((number, index) => (actual[index] ?? 0) - number).find((d) => d !== 0) ?? 0
    return difference >= 0
  })
}

/**
 * `^20.19.0 || >=24.0.0` as a reader says it: `20.19+ or 24+`.
 * @param {string} range
 */
export function inWords(range) {
  const words = parts(range).map(({ floor }) => `${floor.join('.').replace(/(\.0)+$/, '')}+`)
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** @param {string} range */
function parts(range) {
  return range.split('||').map((part) => {
    const match = /^\s*(\^|>=)(\d+\.\d+\.\d+)\s*$/.exec(part)
    if (match === null) throw new Error(`engines.node has a part that this check cannot read: '${part}'`)
    return { operator: match[1], floor: numbers(match[2] ?? '') }
  })
}

/** @param {string} version */
function numbers(version) {
  return version.replace(/-.*$/, '').split('.').map(Number)
}
