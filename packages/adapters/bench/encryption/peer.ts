import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Megabytes a second that another program writes of a backup: the command is given the backup and a folder, and the last line that it
 * prints is how many seconds its file phase took.
 */
export function peerSpeed(command: string, backup: string, target: string): number {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `${command} "$1" "$2"`, 'sh', backup, target], {
    encoding: 'utf8',
  })
  const seconds = Number(stdout.trim().split('\n').at(-1))
  if (status !== 0 || !(seconds > 0)) throw new Error(`The peer failed: ${stderr}`)
  const bytes = readdirSync(target, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(target, name)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0)
  return bytes / 1e6 / seconds
}
