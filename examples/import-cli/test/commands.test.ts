import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeSyntheticBackup, openTestSqlite, type SyntheticBackup } from '@holdfast/adapters/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  buildProgram,
  libraryContent,
  program,
  query,
  report,
  reportOf,
  start,
  startWith,
  treeOf,
} from './program.js'

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  folders.push(folder)
  return folder
}
let original: SyntheticBackup
let undisturbed: ReturnType<typeof libraryContent>
let undisturbedInto: string
let world: string
let backup: string
let into: string

beforeAll(async () => {
  buildProgram()
  const folder = newFolder()
  original = await makeSyntheticBackup({
    into: folder,
    seed: 51,
    messages: 1500,
    attachments: 200,
    // What a policy that deletes the backup does not let pass has a test of its own.
    anomalies: { invalidPath: 0 },
  })
  undisturbedInto = join(folder, 'library')
  const done = await program('import', '--backup', original.path, '--into', undisturbedInto)
  if (done.status !== 0) throw new Error(done.stderr)
  undisturbed = libraryContent(undisturbedInto)
}, 120_000)
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  world = newFolder()
  backup = join(world, 'backup')
  into = join(world, 'library')
  cpSync(original.path, backup, { recursive: true, preserveTimestamps: true })
})
afterEach(() => rmSync(world, { recursive: true, force: true }))

const importing = (...more: string[]): string[] => ['import', '--backup', backup, '--into', into, ...more]

describe('import', () => {
  it('ends done, with the library and the JSON that the truth expects, and keeps an adopted backup', async () => {
    const before = treeOf(backup, true)
    const { status, report: told, stderr } = await report(...importing())
    expect(status, stderr).toBe(0)
    const skipped = original.truth.attachments.filter(({ unavailable }) => unavailable !== null)
    expect(told).toMatchObject({
      status: 'done',
      backupPath: backup,
      backupExists: true,
      messages: { stored: original.truth.messages.length, present: 0, skipped: 0, failed: 0 },
      attachments: {
        stored: original.truth.attachments.length - skipped.length,
        skipped: skipped.length,
        failed: 0,
      },
      contacts: { stored: original.truth.contacts.length },
      receipt: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      error: null,
    })
    expect(Object.values(told.attachments.reasons).reduce((sum, count) => sum + count, 0)).toBe(
      skipped.length,
    )
    expect(told.seconds).toBeGreaterThan(0)
    expect(treeOf(backup, true)).toEqual(before)
    expect(libraryContent(into)).toEqual(undisturbed)
    expect(query(into, 'SELECT guid, text, sent_at FROM messages ORDER BY guid')).toEqual(
      [...original.truth.messages]
        .sort((a, b) => (a.guid < b.guid ? -1 : 1))
        .map(({ guid, text, sentAt }) => ({ guid, text, sent_at: sentAt })),
    )
  })

  it('with --cleanup delete removes the backup once everything is verified', async () => {
    const { status, report: told } = await report(...importing('--cleanup', 'delete'))
    expect(status).toBe(0)
    expect(told).toMatchObject({ status: 'done', backupExists: false })
    expect(treeOf(world).filter((name) => !name.startsWith('library'))).toEqual([])
  })

  it('of the same backup again stores nothing, and of one under way joins it', async () => {
    await program(...importing())
    const again = await report(...importing())
    expect(again.status).toBe(0)
    expect(again.report.messages).toMatchObject({ stored: 0, present: original.truth.messages.length })
    expect(libraryContent(into)).toEqual(undisturbed)
  })

  it('prints a summary for people, and no bars where there is no terminal', async () => {
    const { stdout, stderr } = await program(...importing())
    expect(stdout).toContain('Done')
    expect(stdout).toContain(join(into, 'library.db'))
    expect(stderr).toContain('store: started')
    expect(stdout + stderr).not.toContain('\u001B[')
  })

  it('has colours in a pipe only where the user forces them, not because it is a CI', async () => {
    const inCi = await startWith({ CI: 'true' }, ...importing()).ended
    expect(inCi.stdout).toContain('Done')
    expect(inCi.stdout + inCi.stderr).not.toContain('\u001B[')
    const forced = await startWith({ CI: 'true', FORCE_COLOR: '1' }, ...importing()).ended
    expect(forced.stdout).toContain('\u001B[')
  })
})

describe('a store that fails', () => {
  /** Puts a folder where a file of content has to go, as a real obstacle; gives back how to take it away. */
  function obstruct(): () => void {
    const [{ path }] = query(
      undisturbedInto,
      "SELECT path FROM attachments WHERE status = 'stored' AND bytes > 0 ORDER BY sha256",
    ) as [{ path: string }]
    const obstacle = join(into, 'attachments', path)
    mkdirSync(obstacle, { recursive: true })
    writeFileSync(join(obstacle, 'in-the-way'), 'x')
    return () => {
      unlinkSync(join(obstacle, 'in-the-way'))
      rmdirSync(obstacle)
    }
  }

  it('parks with status 75 and the backup kept; retry ends in the library of an undisturbed run, without another extract', async () => {
    const clear = obstruct()
    const parked = await report(...importing('--cleanup', 'delete'))
    expect(parked.status, parked.stderr).toBe(75)
    expect(parked.report).toMatchObject({
      status: 'retryable',
      step: 'store',
      backupPath: backup,
      backupExists: true,
      receipt: null,
    })
    expect(parked.report.error?.hint).toBeTruthy()
    expect(query(into, 'SELECT count(*) AS n FROM messages')).toEqual([{ n: 0 }])

    const people = await program('retry', 'last', '--into', into)
    expect(people.status).toBe(75)
    expect(people.stdout).toContain('retry')
    expect(people.stdout).toContain(backup)

    clear()
    const done = await report('retry', String(parked.report.run), '--into', into)
    expect(done.status, done.stderr).toBe(0)
    expect(done.report).toMatchObject({ status: 'done', run: parked.report.run, backupExists: false })
    expect(libraryContent(into)).toEqual(undisturbed)
    const extracts = query(
      into,
      "SELECT count(*) AS n FROM holdfast_entries WHERE body LIKE '%step.succeeded%extract%'",
    )
    expect(extracts).toEqual([{ n: 1 }])
  })

  it('can be discarded: the library is empty again, and the backup is kept', async () => {
    const clear = obstruct()
    await program(...importing('--cleanup', 'delete'))
    clear()
    const discarded = await report('discard', 'last', '--into', into, '--backup', 'delete')
    expect(discarded.report, discarded.stderr).toMatchObject({ status: 'discarded', backupExists: true })
    expect(discarded.status).toBe(0)
    expect(query(into, 'SELECT count(*) AS n FROM message_rows')).toEqual([{ n: 0 }])
    expect(treeOf(join(into, 'attachments')).filter((name) => !name.endsWith('/'))).toEqual([])
    expect(existsSync(join(backup, 'Manifest.db'))).toBe(true)
  })
})

describe('a blob that is missing', () => {
  it('parks a run that would delete the backup, and is stored by a retry once it is back', async () => {
    const [{ sha256 }] = query(
      undisturbedInto,
      'SELECT sha256 FROM attachments WHERE bytes > 1000 ORDER BY sha256',
    ) as [{ sha256: string }]
    const wanted = treeOf(original.path, true).find((line) => line.endsWith(sha256)) ?? ''
    const blob = join(backup, wanted.split(' ')[0] ?? '')
    renameSync(blob, join(world, 'aside'))
    const parked = await report(...importing('--cleanup', 'delete'))
    expect(parked.status).toBe(75)
    expect(parked.report).toMatchObject({
      status: 'retryable',
      step: 'verify',
      backupExists: true,
      error: { code: 'SKIP_NOT_ALLOWED' },
    })
    mkdirSync(dirname(blob), { recursive: true })
    renameSync(join(world, 'aside'), blob)
    // The first retry finds that what is staged is not what the source says now, and drops it; the second stores it again.
    expect((await program('retry', '--into', into)).status).toBe(75)
    const done = await report('retry', '--into', into)
    expect(done.report, done.stderr).toMatchObject({ status: 'done', backupExists: false })
    expect(libraryContent(into)).toEqual(undisturbed)
  })
})

describe('Ctrl-C', () => {
  it('parks the run cleanly with status 75, and a retry finishes it', async () => {
    const started = start(...importing('--json'))
    await started.says('store: started')
    started.child.kill('SIGINT')
    const ended = await started.ended
    expect(ended.status, ended.stderr).toBe(75)
    expect(reportOf(ended)).toMatchObject({
      status: 'retryable',
      backupExists: true,
      error: { code: 'CANCELLED' },
    })
    expect((await program('retry', '--into', into)).status).toBe(0)
    expect(libraryContent(into)).toEqual(undisturbed)
  })

  it('a second time leaves at once, and a retry recovers', async () => {
    const started = start(...importing())
    await started.says('store: started')
    started.child.kill('SIGINT')
    await started.says('Stopping')
    started.child.kill('SIGINT')
    const { status } = await started.ended
    // The run may have parked between the two.
    expect([130, 75]).toContain(status)
    expect((await program('retry', '--into', into)).status).toBe(0)
    expect(libraryContent(into)).toEqual(undisturbed)
  })
})

describe('looking at a library', () => {
  it('runs, inspect and verify tell what happened and that all of it is there', async () => {
    await program(...importing())
    const runs = await program('runs', '--into', into)
    expect(runs.status).toBe(0)
    expect(runs.stdout).toContain('done')
    const inspected = await program('inspect', '--into', into)
    expect(inspected.status).toBe(0)
    expect(inspected.stdout).toContain('retryable')
    expect(inspected.stdout).toContain('step.succeeded')
    const verified = await report('verify', '--into', into)
    expect(verified.status, verified.stderr).toBe(0)
  })

  it('inspect --backup tells what a backup is, how whole it is and what it holds', async () => {
    const whole = await program('inspect', '--backup', backup)
    expect(whole.status).toBe(0)
    expect(whole.stdout).toMatch(/state +complete/)
    expect(whole.stdout).toContain('Zoë’s iPhone, iPhone15,2, iOS 18.5')
    expect(whole.stdout).toMatch(/MediaDomain +[\d,]+ +[\d.]+ [kM]B/)
    const folder = readdirSync(backup).find((name) => /^[0-9a-f]{2}$/.test(name)) ?? ''
    rmSync(join(backup, folder), { recursive: true })
    const told = await program('inspect', '--backup', backup)
    expect(told.stdout).toContain('torn: something of it is lost')
    const torn = await program('inspect', '--backup', backup, '--digests', '--json')
    expect(torn.status).toBe(0)
    expect(JSON.parse(torn.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      status: 'done',
      backupPath: backup,
      inspection: { wholeness: 'torn', udid: original.udid, digests: { different: 0 } },
    })
  })

  it('inspect --json prints one object with each run, or with the reports that can be sent to support', async () => {
    const { report: done } = await report(...importing(), '--owner', 'alice.example')
    const inspected = await report('inspect', '--into', into)
    expect(inspected.status, inspected.stderr).toBe(0)
    expect(inspected.report).toMatchObject({
      status: 'done',
      runs: [{ id: done.run, status: 'done', problem: null, backupPath: backup, view: { state: 'done' } }],
    })
    expect(inspected.report).toHaveProperty('runs.0.history.0.body.type', 'run.started')
    const reported = await report('inspect', '--into', into, '--run', 'last', '--report')
    expect(reported.status, reported.stderr).toBe(0)
    expect(reported.report).toMatchObject({ status: 'done', reports: [{ run: { id: done.run } }] })
    for (const personal of [backup, 'alice.example']) {
      expect(JSON.stringify(reported.report)).not.toContain(personal)
    }
  })

  it('inspect refuses --digests for a library, of which nothing would be checked', async () => {
    const { status, report: told } = await report('inspect', '--into', into, '--digests')
    expect(status).toBe(2)
    expect(told.error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('--digests') })
  })

  it('runs and inspect name the backup of an import that was stopped before it had looked at it', async () => {
    await program(...importing())
    // The journal as it was when the run had just begun.
    const db = openTestSqlite(join(into, 'library.db'), { readonly: false })
    db.exec(`DELETE FROM holdfast_entries;
      INSERT INTO holdfast_live (key, run, ended, open, expires_at) SELECT key, n, 0, 1, 0 FROM holdfast_runs`)
    db.close()
    const listed = await program('runs', '--into', into)
    expect(listed.stdout).toMatch(/working +extract/)
    expect(listed.stdout).toContain(backup)
    const inspected = await program('inspect', '--into', into)
    expect(inspected.stdout).toMatch(new RegExp(`^ *backup +${backup}$`, 'm'))
    const { report: told } = await report('runs', '--into', into)
    expect(told).toMatchObject({ runs: [{ status: 'working', backupPath: backup, backupExists: true }] })
  })

  it('inspect --report tells the same without a path or an owner', async () => {
    await program(...importing(), '--owner', 'alice.example')
    const inspected = await program('inspect', '--into', into)
    const reported = await program('inspect', '--into', into, '--report')
    expect(reported.status, reported.stderr).toBe(0)
    expect(reported.stdout).toContain('extract: done, 1 attempt')
    expect(reported.stdout).toContain('step.succeeded')
    for (const personal of [backup, 'alice.example']) {
      expect(inspected.stdout).toContain(personal)
      expect(reported.stdout).not.toContain(personal)
    }
  })

  it('verify finds a changed row and a changed file, and names them', async () => {
    await program(...importing())
    const [{ guid }] = query(into, 'SELECT guid FROM messages WHERE text IS NOT NULL ORDER BY guid') as [
      { guid: string },
    ]
    const [{ path }] = query(into, 'SELECT path FROM attachments WHERE bytes > 0 ORDER BY sha256') as [
      { path: string },
    ]
    const db = openTestSqlite(join(into, 'library.db'), { readonly: false })
    db.prepare("UPDATE message_rows SET text = 'Tampered' WHERE guid = ?").run(guid)
    db.close()
    writeFileSync(join(into, 'attachments', path), 'tampered')
    const { status, stdout, stderr } = await program('verify', '--into', into)
    expect(status).toBe(1)
    expect(stdout + stderr).toContain(guid)
    expect(stdout + stderr).toContain('file changed')
  })
})

describe('import of all that a phone keeps', () => {
  it('brings calls, voicemail and WhatsApp beside the messages, and says what the backup has none of', async () => {
    const whole = await makeSyntheticBackup({
      into: newFolder(),
      seed: 52,
      messages: 40,
      attachments: 3,
      calls: 30,
      voicemails: 19,
      whatsApp: [{ messages: 60 }],
      anomalies: { unreadableCalls: 0 },
    })
    const { status, report: told, stderr } = await report('import', '--backup', whole.path, '--into', into)
    expect(status, stderr).toBe(0)
    expect(told).toMatchObject({
      calls: { stored: 30, failed: 0 },
      voicemails: { stored: 19, failed: 0 },
      // One of WhatsApp's messages cannot be read.
      messages: { stored: 99, failed: 1 },
    })
    expect(query(into, "SELECT count(*) AS n FROM messages WHERE service = 'WhatsApp'")).toEqual([{ n: 59 }])
    const plain = await program(...importing(), '--into', join(world, 'plain'))
    expect(plain.stdout + plain.stderr).toContain('calls: The backup lists no CallHistory.storedata')
    expect((await program('import', '--help')).stdout.replace(/\s+/g, ' ')).toContain(
      'contacts, messages, calls, voicemail and WhatsApp',
    )
  })
})

describe('the program', () => {
  it('explains itself, and each command', async () => {
    for (const words of [[], ['import'], ['retry'], ['discard'], ['runs'], ['verify'], ['inspect']]) {
      const { status, stdout } = await program(...words, '--help')
      expect(status).toBe(0)
      expect(stdout).toContain('Usage:')
    }
  })

  it('without words shows the whole idea on real parts, and cleans up after itself but for the library', async () => {
    const demoInto = join(world, 'demo')
    const { status, stdout, stderr } = await program('--into', demoInto)
    const told = stdout + stderr
    expect(status, told).toBe(0)
    expect(told).toContain('still there')
    expect(told).toContain('extract ran once')
    expect(query(demoInto, 'SELECT count(*) AS n FROM messages')).toEqual([{ n: 12_000 }])
    const [backupLine = ''] = /backup\s+deleted \(was at (.*)\)/.exec(told)?.slice(1) ?? []
    expect(backupLine).not.toBe('')
    expect(existsSync(backupLine)).toBe(false)
    expect(readdirSync(dirname(backupLine))).toEqual([])
  })
})
