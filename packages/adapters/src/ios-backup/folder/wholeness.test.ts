import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFilesIn } from '../../../test/open-files.js'
import { readBackupPlists } from './wholeness.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-plists-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the property lists of a backup', () => {
  it.runIf(process.platform === 'linux')(
    'of which one cannot be read leave none open behind the error: an open file would keep a backup on Windows from being moved',
    async () => {
      symlinkSync('Status.plist', join(folder, 'Info.plist'))
      for (const name of ['Manifest.plist', 'Status.plist'])
        writeFileSync(join(folder, name), Buffer.alloc(3 * 2 ** 20))
      await expect(readBackupPlists(folder)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
      for (let turn = 0; turn < 200; turn++) {
        expect(openFilesIn(folder)).toEqual([])
        await setImmediate()
      }
    },
  )
})
