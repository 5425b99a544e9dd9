// `npm run pnpm -- WORDS`: the pinned pnpm, for changing dependencies.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { requireSupportedNode } from './lib/node-version.mjs'

requireSupportedNode()
const { pinnedPnpm } = await import('./lib/pnpm.mjs')
const { interruptible } = await import('./lib/tool.mjs')
const { stateFolder } = await import('./lib/workspace.mjs')

mkdirSync(stateFolder, { recursive: true })
const { command } = await interruptible((signal) =>
  pinnedPnpm({ signal, say: (line) => process.stderr.write(`${line}\n`) }),
)
process.exitCode = spawnSync(command, process.argv.slice(2), { stdio: 'inherit' }).status ?? 1
