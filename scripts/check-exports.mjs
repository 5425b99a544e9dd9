// Checks that every entry of each package's `exports` was built, and that a host can both import and require it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolders, readManifest, root } from './lib/workspace.mjs'

const faults = packageFolders().flatMap((folder) => {
  const { name, exports = {} } = readManifest(join(root, folder))
  return Object.entries(exports).flatMap(([subpath, targets]) => {
    const files = typeof targets === 'string' ? [targets] : Object.values(targets)
    const missing = files.filter((file) => !existsSync(join(root, folder, file)))
    if (missing.length > 0)
      return missing.map((file) => `${name} exports ${subpath} as ${file}, which is not there`)
    return typeof targets === 'string' ? [] : loadFaults(folder, join(name, subpath).replaceAll('\\', '/'))
  })
})
for (const fault of faults) console.log(fault)
if (faults.length > 0) process.exitCode = 1

/**
 * A package can name itself, so it is loaded from its own folder as its hosts load it: what was built, not the sources.
 * @param {string} folder
 * @param {string} specifier
 */
function loadFaults(folder, specifier) {
  const ways = {
    import: ['--input-type=module', '-e', `await import('${specifier}')`],
    require: ['--input-type=commonjs', '-e', `require('${specifier}')`],
  }
  return Object.entries(ways).flatMap(([way, args]) => {
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: join(root, folder),
      encoding: 'utf8',
    })
    return status === 0 ? [] : [`${way} of ${specifier} fails:\n${stderr}`]
  })
}
