// `npm run verify`: everything that a change must pass. All checks run, each with its time; output only where one fails.
// `npm run verify -- --skip tests` leaves a check out.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireSupportedNode } from './lib/node-version.mjs'

requireSupportedNode()
const { Interrupted, interruptible, runTool } = await import('./lib/tool.mjs')
const { packageFolders, root } = await import('./lib/workspace.mjs')
const { setUp } = await import('./setup.mjs')

/** @param {string} path of a tool's program, relative to the root */
const tool = (path) => join(root, ...path.split('/'))
const tsc = tool('node_modules/typescript/bin/tsc')
const testProjects = packageFolders().map((folder) => `${folder}/tsconfig.test.json`)

/**
 * Each check is one command or several, as words for Node.
 * @type {Readonly<Record<string, readonly (readonly string[])[]>>}
 */
const checks = {
  format: [[tool('node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  lint: [
    [tool('node_modules/oxlint/bin/oxlint'), '--deny-warnings', '--report-unused-disable-directives', '.'],
  ],
  types: [
    [tsc, '-b'],
    ...[...testProjects.filter((file) => existsSync(tool(file))), 'scripts/tsconfig.json'].map((file) => [
      tsc,
      '-p',
      file,
    ]),
  ],
  build: [[tool('scripts/check-exports.mjs')]],
  layers: [[tool('scripts/check-layers.mjs')]],
  docs: [[tool('scripts/check-docs.mjs')]],
  tests: [[tool('scripts/test.mjs')]],
}

const { skip } = parseArgs({ options: { skip: { type: 'string', multiple: true, default: [] } } }).values
const unknown = skip.filter((name) => !(name in checks))
if (unknown.length > 0) {
  process.stderr.write(
    `There is no check ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}.\n`,
  )
  process.exit(2)
}

await setUp({ build: false })
try {
  process.exitCode = (await interruptible(runChecks)) ? 0 : 1
} catch (error) {
  if (!(error instanceof Interrupted)) throw error
  process.exitCode = error.exitStatus
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether all passed
 */
async function runChecks(signal) {
  /** @type {string[]} */
  const failed = []
  for (const [name, commands] of Object.entries(checks)) {
    if (skip.includes(name)) {
      process.stdout.write(`- ${name} skipped\n`)
      continue
    }
    const start = performance.now()
    let output = ''
    for (const command of commands) {
      const result = await runTool(process.execPath, command, { cwd: root, signal })
      if (result.status !== 0) output += `${result.output.trimEnd()}\n(exit status ${result.status})\n`
    }
    const seconds = ((performance.now() - start) / 1_000).toFixed(1)
    process.stdout.write(`${output === '' ? '✓' : '✗'} ${name.padEnd(8)} ${seconds.padStart(6)} s\n${output}`)
    if (output !== '') failed.push(name)
  }
  process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`)
  return failed.length === 0
}
