/**
 * Unlocking and decrypting, beside what node:crypto does by itself in the same run, in turns:
 *   npm run bench:encryption -- [attachments] [bytes of each] [--passes N] [--peer COMMAND] [--only unlocking|decrypting]
 *
 * Unlocking: opening a small encrypted backup with the 10,000,000 rounds of a real phone, beside the two bare PBKDF2; and how late a
 * timer of the host comes meanwhile. Decrypting: every attachment through `content()` into a file with its SHA-256, through
 * `copyContent()`, the same into the folder of a library, and through `digest()`, beside loops in one thread and in two that read,
 * decrypt, hash and write each file with node:crypto and nothing else; and beside another program, which is given the backup and a folder and prints at its end how many seconds its file phase took.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureDecrypting } from './encryption/decrypting.js'
import { measureUnlocking } from './encryption/unlocking.js'
import { print } from './engine/table.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { passes: { type: 'string' }, peer: { type: 'string' }, only: { type: 'string' } },
})
// No multiple of 16: every file ends in padding, without which iphone_backup_decrypt gives up.
const [attachments = 1200, bytesOfEach = 213_000] = positionals.map(Number)
const passes = Number(values.passes ?? 5)

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
try {
  print(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
  )
  if (values.only !== 'decrypting') await measureUnlocking(folder, passes)
  if (values.only !== 'unlocking') {
    await measureDecrypting(folder, { attachments, bytesOfEach, passes, peer: values.peer })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
