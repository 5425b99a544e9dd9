import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRunner } from '@holdfast/core'
import { backupImport, verifyPublished } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { backupFolder } from '../src/backup-folder/index.js'
import { iosBackup } from '../src/ios-backup/index.js'
import { sqliteJournal, sqliteLibrary } from '../src/sqlite/index.js'
import { makeSyntheticBackup, noAnomalies, openTestSqlite } from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { fileNames } from './library-fixture.js'
import { mountVolume } from './mounted-volume.js'

const { signal } = new AbortController()

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-clones-'))
})
afterEach(() => rmSync(base, { recursive: true }))

/** Bytes that are in use on a volume, when all is on it that was written. */
function usedBytes(folder: string): number {
  execFileSync('sync', ['-f', folder])
  const { blocks, bfree, bsize } = statfsSync(folder)
  return (blocks - bfree) * bsize
}

describe.each(['xfs', 'btrfs'] as const)('an import on a volume of %s, which has copy-on-write', (kind) => {
  it('takes next to no space for attachments, and is independent of the backup at once', async (context) => {
    const volume = mountVolume(kind, join(base, kind))
    if (volume === null) return context.skip()
    const db = openTestSqlite(join(base, 'library.db'), { readonly: false })
    try {
      const backup = await makeSyntheticBackup({
        into: join(volume.folder, 'backups'),
        seed: 61,
        messages: 60,
        attachments: 30,
        attachmentBytes: { mean: 1_000_000, large: 1_000_000, largeEvery: 1 },
        anomalies: noAnomalies,
      })
      const attachments = join(volume.folder, 'attachments')
      // The backup stays, so that nothing may be linked.
      const storage = sqliteLibrary(db, attachmentFiles(attachments))
      const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(base, 'scratch') })
      const saga = backupImport({ device: backupFolder(), reader, storage })
      const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
      const [room] =
        (await storage.space?.rooms({ backupPath: backup.path, backup: 'stays' }))?.slice(-1) ?? []
      expect(room?.takesFilesOver).toBe(true)
      const before = usedBytes(volume.folder)
      const run = await runner.start(saga, { path: backup.path }, { owner: 'me' })
      expect((await run.outcome()).status).toBe('done')

      expectLibraryToEqualTruth(db, attachments, backup.truth)
      const names = fileNames(attachments)
      const bytes = names.reduce((sum, name) => sum + statSync(join(attachments, name)).size, 0)
      expect(bytes).toBeGreaterThan(20_000_000)
      expect(usedBytes(volume.folder) - before).toBeLessThan(bytes / 4)
      for (const name of names) {
        expect(statSync(join(attachments, name)).nlink).toBe(1)
        expect(statSync(join(attachments, name)).mode & 0o777).toBe(0o600)
      }
      for (const name of readdirSync(backup.path, { recursive: true, encoding: 'utf8' })) {
        const path = join(backup.path, name)
        if (statSync(path).isFile()) writeFileSync(path, 'changed')
      }
      const [published] = await storage.imports()
      if (published === undefined) throw new Error('nothing was published')
      expect(await verifyPublished(storage, published, { signal })).toMatchObject({ valid: true })
    } finally {
      db.close()
      volume.unmount()
    }
  })
})
