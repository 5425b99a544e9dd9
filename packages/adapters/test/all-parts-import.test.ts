import { join } from 'node:path'
import type { ImportRecord } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calls, contacts, messages, voicemail, whatsapp } from '../src/ios-backup/index.js'
import {
  type BackupTruth,
  blobPath,
  callsFile,
  noAnomalies,
  openTestSqlite,
  type SyntheticBackup,
  voicemailFile,
} from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'
import { dumpLibrary } from './library-fixture.js'

const parts = [contacts(), messages(), calls(), voicemail(), whatsapp()]
const { signal } = new AbortController()
let workshop: Workshop

beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop.cleanUp())

function makeBackup(seed: number): Promise<SyntheticBackup> {
  return workshop.makeBackup({
    seed,
    calls: 60,
    voicemails: 40,
    whatsApp: [{ messages: 150 }, { app: 'WhatsApp Business', messages: 60 }],
  })
}

describe('an import of all parts', () => {
  it('fills the library with the truth of each, row for row and file for file', async () => {
    const { path, truth, counts } = await makeBackup(21)
    const app = workshop.openApp({ parts })
    const run = await app.import({ path })
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), withAllMessages(truth))

    const [published] = await app.storage.imports()
    if (published === undefined) throw new Error('nothing was published')
    const stored: ImportRecord[] = []
    for await (const item of app.storage.readBack(published.id, { signal })) {
      if (item.record === null) throw new Error('A row of the library cannot be read')
      stored.push(item.record)
    }
    const kept = (type: string) => stored.filter((record) => record.type === type)
    expect(kept('call')).toEqual(truth.calls.filter(({ type }) => type === 'call'))
    expect(kept('voicemail')).toEqual(truth.voicemails.filter(({ type }) => type === 'voicemail'))
    expect(kept('unreadable')).toHaveLength(4)
    expect(published.receipt?.counts).toMatchObject({
      calls: { stored: counts.calls - 1, failed: 1 },
      voicemails: { stored: counts.voicemails - 1, failed: 1 },
    })
  })

  it('shows calls, voicemails with their recordings, and conversations of WhatsApp to plain SQL', async () => {
    const { path, truth } = await makeBackup(22)
    const app = workshop.openApp({ parts })
    await (await app.import({ path })).outcome()
    const count = (sql: string) => {
      const columns: Record<string, unknown> = Object(app.db.prepare(sql).get())
      return Object.values(columns)[0]
    }
    expect(count('SELECT count(*) FROM calls')).toBe(truth.calls.length - 1)
    expect(
      count("SELECT count(*) FROM attachments WHERE voicemail_id IS NOT NULL AND status = 'stored'"),
    ).toBe(truth.recordings.filter(({ unavailable }) => unavailable === null).length)
    expect(count("SELECT count(*) FROM messages WHERE service = 'WhatsApp Business'")).toBe(
      truth.whatsApp.filter((record) => record.type === 'message' && record.service === 'WhatsApp Business')
        .length,
    )
    expect(
      count(
        "SELECT count(*) FROM attachments a JOIN messages m ON m.guid = a.message_guid WHERE m.service = 'WhatsApp'",
      ),
    ).toBeGreaterThan(15)
  })

  it('joins calls and voicemails in national format to the contact whose number it is', async () => {
    const { path, truth } = await makeBackup(26)
    const contact = truth.contacts.find(({ points }) =>
      points.some(({ handle }) => /^\+1\d{10}$/.test(handle ?? '')),
    )
    const number = contact?.points.find(({ handle }) => /^\+1\d{10}$/.test(handle ?? ''))?.handle ?? ''
    const national = number.replace(/^\+1(...)(...)(....)$/, '($1) $2-$3')
    expect(national).toMatch(/^\(\d{3}\) \d{3}-\d{4}$/)
    change(
      blobPath(path, callsFile),
      `INSERT INTO ZCALLRECORD (Z_PK, ZUNIQUE_ID, ZCALLTYPE, ZORIGINATED, ZADDRESS) VALUES (9001, 'national', 1, 0, '${national}')`,
    )
    change(
      blobPath(path, voicemailFile),
      `INSERT INTO voicemail (ROWID, date, sender) VALUES (9001, 1700000000, '${national}')`,
    )
    const app = workshop.openApp({ parts })
    expect((await (await app.import({ path })).outcome()).status).toBe('done')
    const contactsOf = (sql: string) => app.db.prepare(sql).all()
    expect(
      contactsOf(`SELECT h.contact_id FROM call_handles c JOIN contact_handles h ON h.handle = c.handle
        WHERE c.call_id = 'national'`),
    ).toContainEqual({ contact_id: contact?.id })
    expect(
      contactsOf(`SELECT h.contact_id FROM voicemails v JOIN contact_handles h ON h.handle = v.sender
        WHERE v.id = 'voicemail-9001'`),
    ).toContainEqual({ contact_id: contact?.id })
  })

  it('of the same backup again stores nothing twice', async () => {
    const { path } = await makeBackup(23)
    const app = workshop.openApp({ parts })
    await (await app.import({ path })).outcome()
    const before = dumpLibrary(workshop.folder)
    expect((await (await app.import({ path })).outcome()).status).toBe('done')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
  })

  it('adds what was not chosen before to a library that has the rest', async () => {
    const { path, truth } = await makeBackup(24)
    const first = workshop.openApp()
    await (await first.import({ path })).outcome()
    expectLibraryToEqualTruth(first.db, join(workshop.folder, 'attachments'), truth)
    await first.close()
    const second = workshop.openApp({ parts })
    await (await second.import({ path })).outcome()
    expectLibraryToEqualTruth(second.db, join(workshop.folder, 'attachments'), withAllMessages(truth))
  })

  it('goes on behind the last batch when the store fails in each of the parts', async () => {
    const { path, truth } = await workshop.makeBackup({
      seed: 25,
      calls: 60,
      voicemails: 40,
      whatsApp: [{ messages: 120 }],
      anomalies: noAnomalies,
    })
    let writes = 0
    const app = workshop.openApp({
      parts,
      batchSize: 20,
      storage: (storage) => ({
        resources: storage.resources,
        format: storage.format,
        check: (request) => storage.check(request),
        begin: (ref) => storage.begin(ref),
        readBack: (id, options) => storage.readBack(id, options),
        publish: (id, receipt) => storage.publish(id, receipt),
        discard: (id) => storage.discard(id),
        imports: () => storage.imports(),
        audit: (...call) => storage.audit(...call),
        write: async (...call) => {
          writes += 1
          if (writes % 5 === 0) throw new Error('The disk is asleep')
          await storage.write(...call)
        },
      }),
    })
    const run = await app.import({ path })
    let outcome = await run.outcome()
    let retries = 0
    for (; outcome.status === 'retryable' && retries < 100; retries++) {
      await run.retry()
      outcome = await run.outcome()
    }
    expect(outcome.status).toBe('done')
    expect(retries).toBeGreaterThan(5)
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), withAllMessages(truth))
  })
})

function change(file: string, sql: string): void {
  const db = openTestSqlite(file, { readonly: false })
  db.exec(sql)
  db.close()
}

/** The truth with the messages of WhatsApp and the recordings among the rest, as a library has them. */
function withAllMessages(truth: BackupTruth): BackupTruth {
  const { chats, messages: own, attachments, recordings, whatsApp } = truth
  return {
    ...truth,
    chats: [...chats, ...whatsApp.filter((record) => record.type === 'chat')],
    messages: [...own, ...whatsApp.filter((record) => record.type === 'message')],
    attachments: [
      ...attachments,
      ...recordings,
      ...whatsApp.filter((record) => record.type === 'attachment'),
    ],
  }
}
