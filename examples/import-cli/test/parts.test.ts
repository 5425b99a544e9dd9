import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BackupFile,
  callsFile,
  contactsFile,
  makeSyntheticBackup,
  messagesFile,
  removeBlob,
  tearDatabase,
  voicemailFile,
  whatsAppFile,
} from '@holdfast/adapters/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildProgram, libraryContent, program, query, report, start } from './program.js'

const views = ['contacts', 'messages', 'calls', 'voicemails'] as const

describe('the parts of a backup', () => {
  let folder: string
  let original: string
  let world: string
  let backup: string
  let into: string

  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-parts-cli-'))
    const made = await makeSyntheticBackup({
      into: join(folder, 'original'),
      seed: 71,
      messages: 2500,
      attachments: 20,
      calls: 40,
      voicemails: 30,
      whatsApp: [{ messages: 60 }],
    })
    original = made.path
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  beforeEach(() => {
    world = mkdtempSync(join(folder, 'world-'))
    backup = join(world, 'backup')
    into = join(world, 'library')
    cpSync(original, backup, { recursive: true })
  })
  afterEach(() => rmSync(world, { recursive: true }))

  const importing = (...more: string[]): string[] => ['import', '--backup', backup, '--into', into, ...more]
  const filled = () => views.filter((view) => query(into, `SELECT 1 FROM ${view} LIMIT 1`).length > 0)

  it('are all imported where none are named, and otherwise those that are', async () => {
    expect((await program(...importing())).status).toBe(0)
    expect(filled()).toEqual(views)
    rmSync(into, { recursive: true })
    const { status, stdout, stderr } = await program(...importing('--parts', 'calls,contacts'))
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('What was asked for (contacts, calls) is stored and verified')
    expect(filled()).toEqual(['contacts', 'calls'])
  })

  it.each([
    ['contacts', 'CONTACTS_DAMAGED', contactsFile],
    ['messages', 'MESSAGES_DAMAGED', messagesFile],
    ['calls', 'CALLS_DAMAGED', callsFile],
    ['voicemail', 'VOICEMAIL_DAMAGED', voicemailFile],
    ['whatsapp', 'WHATSAPP_DAMAGED', whatsAppFile()],
  ] as [string, string, BackupFile][])(
    'of which one is damaged (%s) are imported without it, as the error says',
    async (_part, code, file) => {
      await tearDatabase(backup, 'cut', file)
      const refused = await report(...importing())
      expect(refused.status).toBe(2)
      expect(refused.report.error?.code).toBe(code)
      expect(refused.stderr).toContain(backup)
      expect(existsSync(into)).toBe(false)
      expect((await program(...importing(...optionIn(refused.report.error?.hint)))).status).toBe(0)
      expect((await program('verify', '--into', into)).status).toBe(0)
    },
  )

  it('of which several are damaged are left out one after the other, as each error says', async () => {
    await removeBlob(backup, messagesFile)
    await tearDatabase(backup, 'noise', voicemailFile)
    const first = await report(...importing())
    expect(first.report.error?.code).toBe('MESSAGES_MISSING')
    const second = await report(...importing(...optionIn(first.report.error?.hint)))
    expect(second.report.error?.code).toBe('VOICEMAIL_DAMAGED')
    expect(second.report.error?.hint).toMatch(/--parts contacts,calls,whatsapp\.$/)
    expect((await program(...importing(...optionIn(second.report.error?.hint)))).status).toBe(0)
    const last = await report(...importing('--parts', 'voicemail'))
    expect(last.report.error?.hint).not.toContain('--parts')
  })

  it('are the same when another process goes on with the run', async () => {
    const undisturbed = join(world, 'undisturbed')
    const words = ['--parts', 'contacts,messages,whatsapp']
    expect((await program('import', '--backup', backup, '--into', undisturbed, ...words)).status).toBe(0)
    await killAtStore(...words)
    // Whatever read these now would fail.
    await tearDatabase(backup, 'cut', voicemailFile)
    const retried = await report('retry', '--into', into)
    expect(retried.status, retried.stderr).toBe(0)
    expect(libraryContent(into)).toEqual(libraryContent(undisturbed))
    expect(filled()).toEqual(['contacts', 'messages'])
  }, 120_000)

  it('are settled for a run: one that parks because a part is damaged says how another goes without it', async () => {
    await killAtStore()
    await tearDatabase(backup, 'cut', callsFile)
    const parked = await report('retry', '--into', into)
    expect(parked.status).toBe(75)
    expect(parked.report.error).toMatchObject({
      code: 'CALLS_DAMAGED',
      hint: expect.stringContaining('discard this run'),
    })
    const words = optionIn(parked.report.error?.hint)
    const other = await report(...importing(...words))
    expect(other.status).toBe(2)
    expect(other.report.error?.code).toBe('RUN_UNDER_WAY')
    expect((await program('discard', 'last', '--into', into)).status).toBe(0)
    expect((await program(...importing(...words))).status).toBe(0)
    expect(filled()).toEqual(['contacts', 'messages', 'voicemails'])
  }, 120_000)

  it('are refused where there is no such part, or the backup would be deleted with what was left out', async () => {
    for (const words of [
      ['--parts', 'photos'],
      ['--parts', ''],
      ['--parts', 'messages,,calls'],
      ['--parts', 'messages', '--cleanup', 'delete'],
    ]) {
      const { status, report: told } = await report(...importing(...words))
      expect(status, words.join(' ')).toBe(2)
      expect(told.error?.code).toBe('USAGE')
    }
    expect(existsSync(into)).toBe(false)
    expect(existsSync(backup)).toBe(true)
  })

  /** Kills an import while it stores. */
  async function killAtStore(...more: string[]): Promise<void> {
    const run = start(...importing(...more))
    await run.says('store: started')
    run.child.kill('SIGKILL')
    expect((await run.ended).signal).toBe('SIGKILL')
  }
})

/** The option that a hint tells, as words to type. */
function optionIn(hint: string | undefined): readonly string[] {
  const names = /--parts ([a-z,]+)/.exec(hint ?? '')?.[1]
  if (names === undefined) throw new Error(`no option in: ${hint}`)
  return ['--parts', names]
}
