import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the set-up makes for itself: git-ignored, and safe to delete. */
export const stateFolder = join(root, '.holdfast')

/**
 * @typedef {object} Manifest what the scripts read of a package.json
 * @property {string} name
 * @property {string} [packageManager]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string | Record<string, string>>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 */

/**
 * @param {string} folder
 * @returns {Manifest}
 */
export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/**
 * The folders of the workspace's packages, relative to the root, with `/`: `packages/core`, `examples/import-cli`…
 * @param {string} [rootFolder]
 */
export function packageFolders(rootFolder = root) {
  const list = /^packages:\n((?: +- .*\n)+)/m.exec(
    readFileSync(join(rootFolder, 'pnpm-workspace.yaml'), 'utf8'),
  )
  const parents = [...(list?.[1] ?? '').matchAll(/- ([\w-]+)\/\*$/gm)].map((match) => match[1] ?? '')
  return parents
    .flatMap((parent) => {
      const folder = join(rootFolder, parent)
      return existsSync(folder) ? readdirSync(folder).map((name) => `${parent}/${name}`) : []
    })
    .filter((folder) => existsSync(join(rootFolder, folder, 'package.json')))
    .sort()
}
