import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobPath, makeSyntheticBackup, messagesFile, openTestSqlite } from '@holdfast/adapters/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, program, query, report, start } from './program.js'

describe('what was deleted on the phone', () => {
  let folder: string
  let full: string
  let smaller: string
  let deleted: string

  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-deleted-'))
    const made = await makeSyntheticBackup({
      into: join(folder, 'full'),
      seed: 83,
      messages: 2500,
      attachments: 10,
    })
    full = made.path
    smaller = join(folder, 'smaller')
    cpSync(full, smaller, { recursive: true })
    deleted = deleteLastMessage(smaller)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const importing = (backup: string, into: string, ...more: string[]): string[] => [
    'import',
    '--backup',
    backup,
    '--into',
    into,
    ...more,
  ]
  const marks = (into: string) => query(into, "SELECT key FROM deleted_in_source WHERE type = 'message'")
  const kept = (into: string) => query(into, `SELECT guid FROM messages WHERE guid = '${deleted}'`)

  it('stays, and is listed where that is asked for, also when another process goes on with the run', async () => {
    const into = join(folder, 'marked')
    expect((await program(...importing(full, into))).status).toBe(0)
    const run = start(...importing(smaller, into, '--deleted-in-source', 'mark'))
    await run.says('store: started')
    run.child.kill('SIGKILL')
    expect((await run.ended).signal).toBe('SIGKILL')
    const retried = await report('retry', '--into', into)
    expect(retried.status, retried.stderr).toBe(0)
    expect(marks(into)).toEqual([{ key: deleted }])
    expect(kept(into)).toHaveLength(1)
  }, 120_000)

  it('stays unlisted otherwise', async () => {
    const into = join(folder, 'kept')
    expect((await program(...importing(full, into))).status).toBe(0)
    expect((await program(...importing(smaller, into))).status).toBe(0)
    expect(marks(into)).toEqual([])
    expect(kept(into)).toHaveLength(1)
  }, 120_000)

  it('is refused a policy that there is not', async () => {
    const { status, report: told } = await report(
      ...importing(full, join(folder, 'none'), '--deleted-in-source', 'forget'),
    )
    expect(status).toBe(2)
    expect(told.error?.code).toBe('USAGE')
  })
})

/** Deletes a message as the phone does; gives its guid. */
function deleteLastMessage(backup: string): string {
  const db = openTestSqlite(blobPath(backup, messagesFile), { readonly: false })
  try {
    // The phone's own triggers call functions that only the phone has.
    const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
      name: string
    }[]
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)
    const { id, guid } = db
      .prepare(
        'SELECT ROWID AS id, guid FROM message WHERE ROWID NOT IN (SELECT message_id FROM message_attachment_join) ORDER BY ROWID DESC',
      )
      .get() as { id: number; guid: string }
    db.exec(`DELETE FROM chat_message_join WHERE message_id = ${id}; DELETE FROM message WHERE ROWID = ${id}`)
    return guid
  } finally {
    db.close()
  }
}
