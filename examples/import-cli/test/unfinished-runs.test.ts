import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSyntheticBackup, openTestSqlite, truncateManifest } from '@holdfast/adapters/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildProgram, libraryContent, program, query, report, reportOf, start } from './program.js'

describe('a run that has not ended', () => {
  let folder: string
  let original: string
  let world: string
  let backup: string
  let into: string

  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-unfinished-'))
    const made = await makeSyntheticBackup({
      into: join(folder, 'original'),
      seed: 61,
      messages: 200,
      attachments: 25,
      // These park every run that would delete the backup.
      anomalies: { invalidPath: 2, noPath: 1 },
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
  // Each of them has more than one entry, and the last one says where it is.
  const runs = () =>
    query(
      into,
      `SELECT id, last.status, last.step FROM holdfast_runs AS run
       JOIN holdfast_entries AS last ON last.place = (SELECT max(place) FROM holdfast_entries WHERE run = run.n) ORDER BY n`,
    )

  it('is joined by an import of the same backup, and by no other', async () => {
    const first = await report(...importing('--cleanup', 'delete'))
    expect(first.status).toBe(75)
    expect(first.report).toMatchObject({ step: 'verify', error: { code: 'SKIP_NOT_ALLOWED' } })
    const second = await report(...importing('--cleanup', 'delete'))
    expect(second.status).toBe(75)
    expect(second.report.run).toBe(first.report.run)
    expect(second.stderr).toContain('Going on with run')

    const otherOptions = await report(...importing('--cleanup', 'keep'))
    expect(otherOptions.status).toBe(2)
    expect(otherOptions.report.error?.code).toBe('RUN_UNDER_WAY')
    expect(otherOptions.stderr).not.toContain('Going on')

    const otherOwner = await report(...importing('--owner', 'somebody else'))
    expect(otherOwner.status, otherOwner.stderr).toBe(0)
    expect(otherOwner.report.run).not.toBe(first.report.run)
    expect(otherOwner.stderr).toContain('1 other run is unfinished')
    expect(runs()).toMatchObject([{ status: 'retryable', step: 'verify' }, { status: 'done' }])

    // The one that is done began later, and leaves nothing to be retried or given up.
    const retried = await report('retry', 'last', '--into', into)
    expect(retried).toMatchObject({ status: 75, report: { run: first.report.run } })
    const discarded = await report('discard', 'last', '--into', into)
    expect(discarded.report).toMatchObject({ status: 'discarded', run: first.report.run })
  }, 60_000)

  it('is undone to its end when it is given up, which a Ctrl-C is told', async () => {
    await program(...importing('--cleanup', 'delete'))
    const discarding = start('discard', 'last', '--into', into, '--json')
    await discarding.says('undoing store')
    discarding.child.kill('SIGINT')
    const ended = await discarding.ended
    expect(ended.status, ended.stderr).toBe(0)
    expect(reportOf(ended)).toMatchObject({ status: 'discarded', error: null })
    expect(ended.stderr).toContain('The undo goes on to its end')
    expect(ended.stderr).not.toContain('Stopping')
    expect(runs()).toMatchObject([{ status: 'discarded' }])
  })

  it('is given up by another discard when a second Ctrl-C ended the first', async () => {
    await program(...importing('--cleanup', 'delete'))
    const discarding = start('discard', 'last', '--into', into)
    await discarding.says('undoing store')
    discarding.child.kill('SIGINT')
    await discarding.says('goes on to its end')
    discarding.child.kill('SIGINT')
    // It may have come to its end between the two.
    expect([130, 0]).toContain((await discarding.ended).status)
    if ((runs() as { status: string }[]).some(({ status }) => status !== 'discarded')) {
      const again = await report('discard', 'last', '--into', into)
      expect(again.status, again.stderr).toBe(0)
    }
    expect(runs()).toMatchObject([{ status: 'discarded' }])
    expect(query(into, 'SELECT count(*) AS n FROM message_rows')).toEqual([{ n: 0 }])
  }, 60_000)

  it('is undone to its end as well by a retry of one whose discard was killed', async () => {
    await program(...importing('--cleanup', 'delete'))
    const discarding = start('discard', 'last', '--into', into)
    await discarding.says('undoing store')
    discarding.child.kill('SIGKILL')
    await discarding.ended
    const retrying = start('retry', 'last', '--into', into, '--json')
    await retrying.says('Going on with run')
    retrying.child.kill('SIGINT')
    const ended = await retrying.ended
    expect(ended.status, ended.stderr).toBe(0)
    expect(reportOf(ended)).toMatchObject({ status: 'discarded', error: null })
    expect(ended.stderr).toContain('The undo goes on to its end')
    expect(ended.stderr).not.toContain('Stopping')
  }, 60_000)

  it('passes with the reasons that were allowed on top of the harmless ones, and then lets the backup go', async () => {
    const {
      status,
      report: told,
      stderr,
    } = await report(...importing('--cleanup', 'delete', '--allow', 'invalid-path'))
    expect(status, stderr).toBe(0)
    expect(told.attachments.reasons).toMatchObject({ 'invalid-path': 2, 'no-path': 1 })
    expect(existsSync(backup)).toBe(false)
  })

  it('is named by the beginning of its id or as the last one; an unknown name changes nothing', async () => {
    const { report: parked } = await report(...importing('--cleanup', 'delete'))
    const id = String(parked.run)
    for (const name of [id, id.slice(0, 6), 'last']) {
      const retried = await report('retry', name, '--into', into)
      expect(retried.status).toBe(75)
      expect(retried.report.run).toBe(id)
    }
    const unknown = await report('retry', 'zzz', '--into', into)
    expect(unknown.status).toBe(2)
    expect(unknown.report.error).toMatchObject({ code: 'RUN_UNKNOWN' })
    expect(unknown.report.error?.hint).toContain(id.slice(0, 8))
  })

  it('is gone on with by the command that was printed, though another run began within the same minute', async () => {
    const parked = [await program(...importing('--cleanup', 'delete'))]
    parked.push(await program(...importing('--cleanup', 'delete', '--owner', 'somebody else')))
    const ids = (runs() as { id: string }[]).map(({ id }) => id)
    expect(ids).toHaveLength(2)
    for (const [place, { stdout }] of parked.entries()) {
      const [, command = ''] = /go on +npm start -- (.*)/.exec(stdout) ?? []
      const retried = await report(...command.split(' '))
      expect(retried.report.run, retried.stderr).toBe(ids[place])
      // Ids begin with the time: mostly these two share the digits that would be enough for one alone.
      const [mentioned = ''] = /(?<=unfinished: )\S+/.exec(retried.stderr) ?? []
      expect(ids.filter((id) => id.startsWith(mentioned))).toEqual([ids[1 - place]])
    }
    const [, giveUp = ''] = /give up +npm start -- (.*)/.exec(parked[1]?.stdout ?? '') ?? []
    expect((await report(...giveUp.split(' '))).report).toMatchObject({ status: 'discarded', run: ids[1] })
  }, 90_000)

  it('stays as it is when its backup has become unreadable: the import says so, and parks nothing anew', async () => {
    await program(...importing('--cleanup', 'delete'))
    const before = query(into, 'SELECT count(*) AS n FROM holdfast_entries')
    await truncateManifest(backup)
    const { status, report: told } = await report(...importing('--cleanup', 'delete'))
    expect(status).toBe(2)
    expect(told.error?.code).toBe('MANIFEST_DAMAGED')
    expect(query(into, 'SELECT count(*) AS n FROM holdfast_entries')).toEqual(before)
  })

  it('is finished by an import as well when a crash came after the backup was deleted, and before that was written', async () => {
    const words = importing('--cleanup', 'delete', '--allow', 'invalid-path')
    expect((await program(...words)).status).toBe(0)
    const content = libraryContent(into)
    // The journal as it was a moment before the end.
    const db = openTestSqlite(join(into, 'library.db'), { readonly: false })
    db.exec(`DELETE FROM holdfast_entries WHERE seq = (SELECT max(seq) FROM holdfast_entries);
      INSERT INTO holdfast_live (key, run, ended, open, expires_at) SELECT key, n, 0, 1, 0 FROM holdfast_runs`)
    db.close()
    const again = await report(...words)
    expect(again.status, again.stderr).toBe(0)
    expect(again.report).toMatchObject({ status: 'done', backupExists: false })
    expect(libraryContent(into)).toEqual(content)
  })

  it('is left alone while another process drives it, and so is its library', async () => {
    const big = (
      await makeSyntheticBackup({ into: join(world, 'big'), seed: 62, messages: 6000, attachments: 50 })
    ).path
    const first = start('import', '--backup', big, '--into', into)
    await first.says('store: started')
    const [same, retried, other] = await Promise.all([
      report('import', '--backup', big, '--into', into),
      report('retry', '--into', into),
      report(...importing()),
    ])
    for (const each of [same, retried, other]) {
      expect(each.status, each.stderr).toBe(1)
      expect(each.report.error).toMatchObject({ code: 'LEASE_HELD', hint: expect.stringMatching(/^Wait/) })
    }
    expect((await first.ended).status).toBe(0)
    expect(runs()).toMatchObject([{ status: 'done' }])
  })
})

describe('a run that has ended', () => {
  let folder: string
  let into: string
  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-ended-'))
    into = join(folder, 'library')
    const { path } = await makeSyntheticBackup({ into: folder, seed: 63, messages: 40, attachments: 0 })
    const done = await program('import', '--backup', path, '--into', into)
    if (done.status !== 0) throw new Error(done.stderr)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('shows its result again when it is retried, so that a script may call retry until it is done', async () => {
    for (const words of [['retry'], ['retry', 'last']]) {
      const { status, report: told } = await report(...words, '--into', into)
      expect(status).toBe(0)
      expect(told).toMatchObject({ status: 'done', messages: { stored: 40 }, error: null })
    }
  })

  it('cannot be discarded, and says what that would have meant', async () => {
    const { status, report: told } = await report('discard', 'last', '--into', into)
    expect(status).toBe(2)
    expect(told.error).toMatchObject({ code: 'RUN_ENDED', hint: expect.stringContaining('verified') })
    expect((await program('verify', '--into', into)).status).toBe(0)
  })
})
