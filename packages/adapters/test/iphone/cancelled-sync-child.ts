/**
 * A process that has a folder, the first of its words, synced, and is cancelled when the system's program is at it. Prints what the syncing
 * ended with; then nothing is left to do.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { syncTree } from '../../src/iphone/backup-target/sync-tree.js'

const folder: unknown = JSON.parse(process.argv[2] ?? '')
if (typeof folder !== 'string') throw new Error('no folder is given')
const stop = new AbortController()
const synced = syncTree(folder, { signal: stop.signal, synced: () => {} }).then(
  () => 'synced',
  (error: unknown) => String(error),
)
while (!existsSync(join(folder, 'begun'))) await setTimeout(20)
stop.abort('cancelled')
process.stdout.write(await synced)
