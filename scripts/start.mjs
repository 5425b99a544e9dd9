// `npm start`: the backup import as a command-line program, ready to run on a fresh clone.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { requireSupportedNode } from './lib/node-version.mjs'

requireSupportedNode()
// Loaded only now: an older Node might not be able to read them.
const { endWithNpm } = await import('./lib/follow-npm.mjs')
const { mergeInterrupts } = await import('./lib/single-interrupt.mjs')
const { root } = await import('./lib/workspace.mjs')
const { setUp } = await import('./setup.mjs')

endWithNpm()
await setUp()
mergeInterrupts()

// npm has gone to the root; folders that the user names are meant from where the user is.
const typedIn = process.env['npm_lifecycle_event'] === undefined ? undefined : process.env['INIT_CWD']
if (typedIn !== undefined && existsSync(typedIn)) process.chdir(typedIn)

// The program runs in this process, not in a child of it: what ends the one ends the other.
const program = join(root, 'examples', 'import-cli', 'dist', 'main.js')
process.argv[1] = program
await import(pathToFileURL(program).href)
