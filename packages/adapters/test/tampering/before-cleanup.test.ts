import { mkdirSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blobPath, callsFile, messagesFile, noAnomalies } from '../../src/testing/index.js'
import { blob, type Disturbance, drawnOfRows, ofFiles, seed, sql } from './disturbances.js'
import { flip, type Sharing } from './one-import.js'
import { useOneImport } from './use-one-import.js'

const { outcomeOf, backupIsThere } = useOneImport()

describe(`between verify and cleanup (seed ${seed})`, () => {
  it.each([
    ...drawnOfRows,
    ...ofFiles,
    [
      'the receipt is another',
      sql(`UPDATE import_rows SET receipt = replace(receipt, '"stored":', '"stored":1')`),
    ],
    ['the import is hidden from readers', sql('UPDATE import_rows SET publication = NULL')],
    [
      'a message is hidden by one that says that it replaces it',
      sql(`INSERT INTO message_rows (import, owner, supersedes, hash, guid, is_from_me, kind, text_state, is_deleted)
      SELECT import, owner, row, hash, 'planted', 0, 'message', 'none', 0 FROM message_rows WHERE row = 2`),
    ],
  ] satisfies readonly Disturbance[])('%s: the backup stays', async (_what, disturb) => {
    const { outcome } = await outcomeOf('copied', { verified: disturb })
    if (outcome.status === 'done') {
      expect(outcome).toMatchObject({ outputs: { cleanup: { deleted: false, kept: 'library-changed' } } })
    } else
      expect(outcome).toMatchObject({
        status: 'retryable',
        step: 'cleanup',
        error: { code: 'RECEIPT_INVALID' },
      })
    expect(backupIsThere()).toBe(true)
  })

  const expectKept = async (sharing: Sharing, disturb: Disturbance[1]) => {
    const { outcome } = await outcomeOf(sharing, { verified: disturb })
    expect(outcome).toMatchObject({
      status: 'done',
      outputs: { cleanup: { deleted: false, kept: 'changed' } },
    })
    expect(backupIsThere()).toBe(true)
  }

  it.each(['copied', 'linked', 'cloned'] as const)(
    'a blob of the backup is another, whose content is %s: the backup stays',
    (sharing) => expectKept(sharing, (of) => flip(blob(of))),
  )

  it.each<Disturbance>([
    ['a database that the fingerprint does not read', (of) => flip(blobPath(of.backup.path, callsFile), 30)],
    ['the database of messages', (of) => flip(blobPath(of.backup.path, messagesFile), 30)],
    ['Manifest.db', (of) => flip(join(of.backup.path, 'Manifest.db'), 30)],
    ['Info.plist', (of) => writeFileSync(join(of.backup.path, 'Info.plist'), '')],
    ['the number of its files, of which one is gone', (of) => unlinkSync(blob(of))],
    [
      'the number of its files, of which one is new',
      (of) => {
        mkdirSync(join(of.backup.path, 'ab'), { recursive: true })
        writeFileSync(join(of.backup.path, 'ab', `ab${'0'.repeat(38)}`), 'new')
      },
    ],
    ['the time of a file', (of) => utimesSync(blob(of), 1, 1)],
  ])('the backup changed in %s: it stays', (_what, disturb) =>
    expectKept('copied', async (of) => {
      await disturb(of)
    }),
  )

  it('another backup of the same phone is in its place: it stays', () =>
    expectKept('copied', async (of) => {
      const { udid } = of.backup
      const other = await of.workshop.makeBackup({ seed: 82, udid, messages: 30, anomalies: noAnomalies })
      rmSync(of.backup.path, { recursive: true })
      renameSync(other.path, of.backup.path)
    }))

  it('nothing: the backup goes', async () => {
    const { outcome } = await outcomeOf('linked', {})
    expect(outcome).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true, kept: null } } })
    expect(backupIsThere()).toBe(false)
  })
})
