// What the disk takes: the files of the phone written by Node alone, and their volume brought to the disk.
//   node bare-disk.mjs large|small FOLDER
// No file is checked, written beside its place or moved, and nothing but sync says that it is there.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const [kind = '', folder = ''] = process.argv.slice(2)
const [count, bytes] = kind === 'large' ? [20, 40_000_000] : [20_000, 4000]
const piece = Buffer.alloc(Math.min(bytes, 500_000), 0x5a)
for (let index = 0; index < 256; index++) mkdirSync(join(folder, String(index)))
for (let index = 0; index < count; index++) {
  const file = openSync(join(folder, String(index % 256), `file-${index}`), 'wx')
  for (let written = 0; written < bytes; ) written += writeSync(file, piece)
  closeSync(file)
}
const { status } = spawnSync('sync', ['-f', '--', folder])
if (status !== 0) throw new Error('The volume was not brought to the disk')
