/**
 * How fast the SQLite library stores and re-hashes attachments, beside `cp -r`, `sync` and `sha256sum` of the same files:
 *   node --import tsx --conditions=@holdfast/source bench/library-attachments.ts [files] [bytes each]
 */
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { AttachmentRecord } from '@holdfast/core/import'
import { sampleAttachment } from '@holdfast/core/testing'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { sqliteLibrary } from '../src/sqlite/index.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'

const count = Number(process.argv[2] ?? 4000)
const size = Number(process.argv[3] ?? 250_000)
const batchSize = 250
const signal = new AbortController().signal
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
const source = join(folder, 'source')

async function measure(label: string, work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  process.stdout.write(`${label.padEnd(24)} ${seconds.toFixed(2)} s\n`)
  return seconds
}

try {
  mkdirSync(source)
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < count; index++) writeFileSync(join(source, `a${index}`), randomFillSync(bytes))
  execFileSync('sync')
  const shell = (script: string) => execFileSync('sh', ['-c', script], { cwd: folder, stdio: 'ignore' })
  const copied = await measure('cp -r, sync, sha256sum', () =>
    shell('cp -r source copy && sync && find copy -type f -print0 | xargs -0 -n 64 -P 2 sha256sum'),
  )
  rmSync(join(folder, 'copy'), { recursive: true })
  execFileSync('sync')

  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  const storage = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments')))
  const ref = { id: 'i', owner: 'o', fingerprint: 'f', udid: 'p' }
  const content = (record: AttachmentRecord) =>
    size <= 1_048_576 ? whole(join(source, record.guid)) : createReadStream(join(source, record.guid))
  const stored = await measure('store', async () => {
    await storage.begin(ref)
    for (let from = 0; from < count; from += batchSize) {
      const records = Array.from({ length: Math.min(batchSize, count - from) }, (_, index) =>
        sampleAttachment(`a${from + index}`, `m${from + index}`),
      )
      await storage.write(ref.id, { records, cursor: from }, { content, signal })
    }
  })
  const verified = await measure('read back', async () => {
    for await (const item of storage.readBack(ref.id, { signal })) {
      if (item.difference !== null) throw new Error(`${item.key}: ${item.difference}`)
    }
  })
  await measure('discard', () => storage.discard(ref.id))
  db.close()
  process.stdout.write(`store and read back / cp: ${((stored + verified) / copied).toFixed(2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}

async function* whole(path: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(path)
}
