import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openTestSqlite } from '../testing/index.js'
import { ScratchFolder } from './folder/scratch-folder.js'
import { contactDatabase, fileIdOf, messageDatabase } from './manifest/file-id.js'
import { parseManifestFile } from './manifest/manifest-file.js'
import { attachmentPath } from './messages/attachment-path.js'

describe('the name of a file in the backup', () => {
  test.each([
    [messageDatabase, '3d0d7e5fb2ce288813306e4d4636395e047a3d28'],
    [contactDatabase, '31bb7ba8914766d4ba40d6dfb6113c8b614be442'],
    // Known answer of another reader's own test.
    [{ domain: 'MediaDomain', relativePath: 'b/c.png' }, '41746ffc65924078eae42725c979305626f57cca'],
  ])('of %o is %s', (path, id) => {
    expect(fileIdOf(path)).toBe(id)
  })
})

describe('the path of an attachment', () => {
  test.each([
    ['~/Library/SMS/Attachments/ab/11/X/IMG.heic', 'Library/SMS/Attachments/ab/11/X/IMG.heic'],
    ['/var/mobile/Library/SMS/Attachments/ab/11/X/IMG.heic', 'Library/SMS/Attachments/ab/11/X/IMG.heic'],
    ['/private/var/mobile/Library/SMS/Parts/1.jpg', 'Library/SMS/Parts/1.jpg'],
    ['~/Library/SMS/Attachments/.../a..b', 'Library/SMS/Attachments/.../a..b'],
  ])('%s lies in the message folder', (filename, relativePath) => {
    expect(attachmentPath(filename)).toEqual({ domain: 'MediaDomain', relativePath })
  })

  test.each([
    [null, 'no-path'],
    ['', 'no-path'],
    ['~/Library/SMS/../Preferences/secret.plist', 'invalid-path'],
    ['~/Library/SMS/Attachments/..', 'invalid-path'],
    ['/etc/passwd', 'invalid-path'],
    ['~/Library/SMSX/a', 'invalid-path'],
    ['Library/SMS/Attachments/a', 'invalid-path'],
    ['~/Library/SMS/Attachments/a\0b', 'invalid-path'],
    ['/Users/me/Library/Messages/Attachments/a', 'invalid-path'],
  ])('%o is none: %s', (filename, reason) => {
    expect(attachmentPath(filename)).toBe(reason)
  })
})

const realManifest = '../shared/data/ios14-backup/Manifest.db'

describe.skipIf(!existsSync(realManifest))(
  'in the manifest of a real phone (skipped without ../shared/data)',
  () => {
    test('every file has the id that its path gives, and details that can be decoded', async () => {
      const scratch = new ScratchFolder(null)
      const db = openTestSqlite(await scratch.copy(realManifest, 'Manifest.db'), { readonly: true })
      try {
        const files = db.prepare('SELECT fileID, domain, relativePath, flags, file FROM Files').all() as {
          fileID: string
          domain: string
          relativePath: string
          flags: number
          file: Uint8Array
        }[]
        expect(files.length).toBe(3721)
        let digests = 0
        for (const row of files) {
          expect(fileIdOf(row)).toBe(row.fileID)
          const details = parseManifestFile(row.file)
          if (!details.ok) throw new Error(details.problem)
          expect(details.value.mode === null ? null : details.value.mode >> 12).toBe(
            { 1: 8, 2: 4, 4: 10 }[row.flags],
          )
          if (details.value.sha1 !== null) digests++
        }
        expect(digests).toBe(477)
      } finally {
        db.close()
        await scratch.remove()
      }
    })
  },
)
