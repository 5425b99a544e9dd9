import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import type { SqliteDatabase } from '@holdfast/adapters/sqlite'
import {
  makeSyntheticBackup,
  noAnomalies,
  openTestSqlite,
  type SyntheticBackup,
} from '@holdfast/adapters/testing'
import { canonicalJson, createRunner, memoryJournal } from '@holdfast/core'
import { backupImport, type Storage, verifyLibrary } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileNames } from '../library-fixture.js'
import { dumpApp, importRows, makeAppDatabase, openApp } from './host-app.js'
import type { HostStorage } from './host-storage.js'

const { signal } = new AbortController()

describe('an import into the tables of an app', () => {
  let folder: string
  let app: string
  let db: SqliteDatabase
  let storage: HostStorage
  let backup: SyntheticBackup
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-host-'))
    app = join(folder, 'app')
    makeAppDatabase(app)
    ;({ db, storage } = openApp(app))
    backup = await makeSyntheticBackup({
      seed: 61,
      messages: 120,
      attachments: 20,
      anomalies: noAnomalies,
      into: join(folder, 'backups'),
    })
    addOwnRows()
  })
  afterEach(() => {
    db.close()
    rmSync(folder, { recursive: true })
  })

  const run = (sql: string, ...values: unknown[]): void => void db.prepare(sql).run(...values)
  const get = (sql: string, ...values: unknown[]): unknown => db.prepare(sql).get(...values)

  /** What ann has written herself: messages, one of which the phone has as well, a chat, a picture, a bookmark, a note on a contact. */
  function addOwnRows(): void {
    const [shared] = backup.truth.messages
    run("INSERT INTO chats VALUES ('own-chat', 'ann', NULL, 'Notes to myself', 0)")
    const message =
      "INSERT INTO messages (id, user_id, external_message_id, chat_id, body) VALUES (?, 'ann', ?, 'own-chat', ?)"
    run(message, 'own-1', shared?.guid, 'As I remember it')
    run(message, 'own-2', null, 'Only here')
    run(
      "INSERT INTO attachments (id, user_id, message_id, name) VALUES ('own-a', 'ann', 'own-1', 'mine.jpg')",
    )
    run("INSERT INTO bookmarks (user_id, message_id, remark) VALUES ('ann', 'own-1', 'Look it up')")
    run(
      "INSERT INTO contacts (id, user_id, display_name, own_note) VALUES ('own-c', 'ann', 'Plumber', 'Cheap')",
    )
  }

  function start(owner: string, { using = storage, input = {} }: { using?: Storage; input?: object } = {}) {
    const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(folder, 'scratch') })
    const saga = backupImport({ device: backupFolder(), reader, storage: using, batchSize: 40 })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    return runner.start(saga, { path: backup.path, ...input }, { owner })
  }

  /** A storage whose every `n`th write fails. */
  function failing(n: number): Storage {
    let writes = 0
    return {
      ...storage,
      write: async (...call) => {
        writes += 1
        if (writes % n === 0)
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        await storage.write(...call)
      },
    }
  }

  /** Holds the app's tables against what the maker of the backup knows to be in it. */
  function expectTruth(owner: string): void {
    const { truth } = backup
    const all = (sql: string): readonly unknown[] => db.prepare(sql).all(owner)
    const byText = (rows: readonly unknown[]): readonly string[] =>
      rows.map((row) => JSON.stringify(row)).sort()
    expect(
      byText(
        all(`SELECT m.external_message_id, c.guid, m.sender, m.is_from_me, m.sent_at, m.body
             FROM messages AS m LEFT JOIN chats AS c ON c.id = m.chat_id WHERE m.user_id = ? AND m.external_message_id IS NOT NULL`),
      ),
    ).toEqual(
      byText(
        truth.messages.map(({ guid, chatGuid, sender, isFromMe, sentAt, text }) => ({
          external_message_id: guid,
          guid: chatGuid,
          sender,
          is_from_me: isFromMe ? 1 : 0,
          sent_at: sentAt,
          body: text,
        })),
      ),
    )
    expect(
      byText(all('SELECT guid, title, is_group FROM chats WHERE user_id = ? AND guid IS NOT NULL')),
    ).toEqual(
      byText(
        truth.chats.map(({ guid, displayName, isGroup }) => ({
          guid,
          title: displayName,
          is_group: isGroup ? 1 : 0,
        })),
      ),
    )
    expect(
      byText(
        all(
          'SELECT display_name, company, points FROM contacts WHERE user_id = ? AND external_contact_id IS NOT NULL',
        ),
      ),
    ).toEqual(
      byText(
        truth.contacts.map(({ displayName, organization, points }) => ({
          display_name: displayName,
          company: organization,
          points: canonicalJson(points),
        })),
      ),
    )
    expect(
      byText(
        all(`SELECT m.external_message_id AS message, a.name, a.sha256, a.missing_because FROM attachments AS a
             LEFT JOIN messages AS m ON m.id = a.message_id WHERE a.user_id = ? AND a.external_attachment_id IS NOT NULL`),
      ),
    ).toEqual(
      byText(
        [...truth.attachments, ...truth.contactImages].map(({ parent, name, sha256, unavailable }) => ({
          message: parent?.type === 'message' ? parent.key : null,
          name,
          sha256,
          missing_because: unavailable,
        })),
      ),
    )
    const root = join(app, 'attachments')
    const hashes = fileNames(root).map((name) =>
      createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest('hex'),
    )
    const expected = [...truth.attachments, ...truth.contactImages].flatMap(({ sha256 }) => sha256 ?? [])
    expect([...hashes].sort()).toEqual([...new Set(expected)].sort())
  }

  it('gives two users the same messages beside each other, and lets the backup go when both hold them', async () => {
    expect(await (await start('ann')).outcome()).toMatchObject({ status: 'done' })
    const asAnnLeft = dumpApp(app)
    const bobs = await start('bob', { input: { cleanup: 'delete' } })
    expect(await bobs.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expect(existsSync(backup.path)).toBe(false)
    expectTruth('ann')
    expectTruth('bob')
    expect(get("SELECT count(*) AS n FROM messages WHERE user_id = 'o'")).toEqual({ n: 0 })
    expect(get('PRAGMA foreign_key_check')).toBeUndefined()
    expect(await verifyLibrary(storage, { signal })).toMatchObject({ valid: true, found: 0 })
    await storage.discard(bobs.id)
    expect(dumpApp(app)).toEqual(asAnnLeft)
  })

  it('leaves to a user what is hers: rows, marks on rows, what refers to them', async () => {
    await (await start('ann')).outcome()
    expectTruth('ann')
    expect(get("SELECT body, is_flagged FROM messages WHERE id = 'own-2'")).toEqual({
      body: 'Only here',
      is_flagged: 0,
    })
    expect(get("SELECT message_id FROM bookmarks WHERE remark = 'Look it up'")).toEqual({
      message_id: 'own-1',
    })
    expect(get("SELECT message_id FROM attachments WHERE id = 'own-a'")).toEqual({ message_id: 'own-1' })
    // A mark of hers on an imported row is no change of what was imported, and the next import does not undo it.
    run("UPDATE contacts SET own_note = 'Call on Friday' WHERE external_contact_id IS NOT NULL")
    run("UPDATE messages SET is_flagged = 1 WHERE user_id = 'ann'")
    expect(await verifyLibrary(storage, { signal })).toMatchObject({ valid: true })
    const before = dumpApp(app)
    const again = await start('ann', { input: { force: true } })
    expect(await again.outcome()).toMatchObject({ status: 'done' })
    expect(dumpApp(app)).toEqual(before)
    const [, second] = await storage.imports()
    expect(second?.receipt?.counts.messages).toMatchObject({ stored: 0, present: 120 })
  })

  it('does not write again what it holds, and reads it again where something of it is gone', async () => {
    await (await start('ann')).outcome()
    const again = await start('ann')
    expect(await again.outcome()).toMatchObject({ status: 'done' })
    expect(await storage.imports()).toHaveLength(1)
    run(
      "DELETE FROM messages WHERE user_id = 'ann' AND external_message_id = ?",
      backup.truth.messages[5]?.guid,
    )
    expect(await (await start('ann')).outcome()).toMatchObject({ status: 'done' })
    expect(await storage.imports()).toHaveLength(2)
    expectTruth('ann')
  })

  it('that fails keeps the backup, goes on when it is retried, and ends as one that never failed', async () => {
    const before = dumpApp(app)
    const theRun = await start('ann', { using: failing(3), input: { cleanup: 'delete' } })
    for (let tries = 1; (await theRun.outcome()).status === 'retryable'; tries++) {
      expect(tries).toBeLessThan(20)
      expect(await theRun.outcome()).toMatchObject({ step: 'store', facts: { backupPath: backup.path } })
      expect(existsSync(join(backup.path, 'Manifest.db'))).toBe(true)
      expect(dumpApp(app).records).toEqual(before.records)
      await theRun.retry()
    }
    expect(await theRun.outcome()).toMatchObject({ status: 'done' })
    expect(existsSync(backup.path)).toBe(false)
    expectTruth('ann')
  })

  it('that is discarded, half-way or in the end, leaves every table, every file and every before-image as it was', async () => {
    const before = dumpApp(app)
    const half = await start('ann', { using: failing(3) })
    expect(await half.outcome()).toMatchObject({ status: 'retryable' })
    expect(await half.discard()).toMatchObject({ status: 'discarded' })
    expect(dumpApp(app)).toEqual(before)
    expect(importRows(db)).toEqual([])

    const whole = await start('ann')
    expect(await whole.outcome()).toMatchObject({ status: 'done' })
    expect(dumpApp(app)).not.toEqual(before)
    await storage.discard(whole.id)
    expect(dumpApp(app)).toEqual(before)
    expect(importRows(db)).toEqual([])
  })

  it('that is discarded leaves the rows that the user has something of her own in', async () => {
    const whole = await start('ann')
    await whole.outcome()
    const [, flagged, bookmarked, gone] = backup.truth.messages
    const where = "user_id = 'ann' AND external_message_id = ?"
    run(`UPDATE messages SET is_flagged = 1 WHERE ${where}`, flagged?.guid)
    run(
      `INSERT INTO bookmarks (user_id, message_id, remark) SELECT 'ann', id, 'Mine' FROM messages WHERE ${where}`,
      bookmarked?.guid,
    )
    await storage.discard(whole.id)
    for (const kept of [flagged, bookmarked]) {
      expect(get(`SELECT body FROM messages WHERE ${where}`, kept?.guid)).toEqual({ body: kept?.text })
    }
    expect(get(`SELECT body FROM messages WHERE ${where}`, gone?.guid)).toBeUndefined()
    expect(get('PRAGMA foreign_key_check')).toBeUndefined()
    expect(await verifyLibrary(storage, { signal })).toMatchObject({ valid: true, imports: [] })
  })

  it('for a user whom the app does not have parks before anything is stored', async () => {
    const theRun = await start('nobody')
    expect(await theRun.outcome()).toMatchObject({
      status: 'retryable',
      step: 'store',
      error: { code: 'STORE_FAILED' },
    })
    run("INSERT INTO users_local VALUES ('nobody', 'nobody@example.org')")
    await theRun.retry()
    expect(await theRun.outcome()).toMatchObject({ status: 'done' })
    expectTruth('nobody')
  })
})
