import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openTestSqlite } from '../../testing/index.js'
import { ScratchFolder } from '../folder/scratch-folder.js'
import { SqliteManifest } from './sqlite-manifest.js'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-rows-'))
const { signal } = new AbortController()
let number = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Opens a manifest of 50,000 files and one more, whose path comes from `path`; a third of them share one path. */
async function open(path: string, withIndex: boolean): Promise<SqliteManifest> {
  const file = join(folder, `${number++}.db`)
  const db = openTestSqlite(file, { readonly: false })
  db.exec(`
    CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
      INSERT INTO Files SELECT printf('%040x', i), 'D', iif(i % 3 = 0, 'Library/same', 'Library/' || i), 1, NULL FROM n;
    INSERT INTO Files VALUES ('${'f'.repeat(40)}', 'D', ${path}, 1, NULL)`)
  if (withIndex) db.exec('CREATE INDEX FilesRelativePathIdx ON Files(relativePath)')
  db.close()
  return SqliteManifest.open(file, { openSqlite: openTestSqlite, scratch: new ScratchFolder(null), signal })
}

describe.each([true, false])('among 50,000 paths, with an index of them: %s', (withIndex) => {
  test.each(["'/etc/passwd'", "'../x'", "'Library/30000/../x'", "'Library/same/..'", "'~/..'"])(
    'one that is %s is found, wherever it stands in their order',
    async (path) => {
      await expect(open(path, withIndex)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
    },
  )

  test.each(["''", 'NULL', "CAST('../x' AS BLOB)", "'Library/..x'", "'zzz'"])(
    'one that is %s is none',
    async (path) => {
      const manifest = await open(path, withIndex)
      expect(manifest.find({ domain: 'D', relativePath: 'nothing' })).toBe(null)
      manifest.close()
    },
  )
})
