import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeSyntheticBackup, type SyntheticBackupOptions } from '@holdfast/adapters/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, libraryContent, program, report, reportOf, startWith, treeOf } from './program.js'

const password = 'Kl1ppfischer-Zoë-44'
const variable = { BACKUP_PASSWORD: password }
const entry = join(fileURLToPath(new URL('../', import.meta.url)), 'dist', 'main.js')

describe('an encrypted backup', () => {
  let folder: string
  let encrypted: string
  let undisturbed: ReturnType<typeof libraryContent>

  beforeAll(async () => {
    buildProgram()
    folder = mkdtempSync(join(tmpdir(), 'holdfast-encrypted-cli-'))
    const common: Omit<SyntheticBackupOptions, 'into'> = { seed: 7, messages: 1500, attachments: 150 }
    const plain = await makeSyntheticBackup({ ...common, into: join(folder, 'plain') })
    const made = await makeSyntheticBackup({
      ...common,
      into: join(folder, 'made'),
      encryption: { password },
    })
    encrypted = made.path
    const into = join(folder, 'from plain')
    const { status, stderr } = await program('import', '--backup', plain.path, '--into', into)
    if (status !== 0) throw new Error(stderr)
    undisturbed = libraryContent(into)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const importing = (into: string): string[] => ['import', '--backup', encrypted, '--into', into]
  const withVariable = ['--password-env', 'BACKUP_PASSWORD']

  /** No file in the folder holds the password, in any encoding that a database or JSON would give it. */
  function expectNoSecret(into: string, ...outputs: readonly string[]): void {
    const secrets = [Buffer.from(password), Buffer.from(password, 'utf16le'), Buffer.from('Kl1ppfischer')]
    for (const name of readdirSync(into, { recursive: true, encoding: 'utf8' })) {
      const bytes =
        existsSync(join(into, name)) && !isFolder(join(into, name)) ? readFileSync(join(into, name)) : null
      for (const secret of secrets) expect(bytes?.includes(secret) ?? false, name).toBe(false)
    }
    for (const output of outputs) expect(output).not.toContain('Kl1ppfischer')
  }

  it('is imported with the password from the environment, into the same library as the plain one', async () => {
    const into = join(folder, 'from encrypted')
    const ended = await startWith(variable, ...importing(into), ...withVariable, '--json').ended
    expect(ended.status, ended.stderr).toBe(0)
    expect(reportOf(ended).status).toBe('done')
    expect(libraryContent(into)).toEqual(undisturbed)
    expect(existsSync(join(into, '.scratch'))).toBe(false)
    expectNoSecret(into, ended.stdout, ended.stderr)
  })

  it('is refused without a password where nobody can be asked, and nothing is changed', async () => {
    const into = join(folder, 'nobody', 'library')
    const { status, report: told } = await report(...importing(into))
    expect(status).toBe(2)
    expect(told.error).toMatchObject({
      code: 'BACKUP_ENCRYPTED',
      hint: expect.stringContaining('--password-env'),
    })
    expect(existsSync(join(folder, 'nobody'))).toBe(false)
  })

  it('is refused with a wrong password, and nothing is changed', async () => {
    const into = join(folder, 'wrong', 'library')
    const words = [...importing(into), ...withVariable, '--json']
    const ended = await startWith({ BACKUP_PASSWORD: 'Kl1ppfischer' }, ...words).ended
    expect(ended.status).toBe(2)
    expect(reportOf(ended).error).toMatchObject({ code: 'PASSWORD_WRONG' })
    expect(existsSync(join(folder, 'wrong'))).toBe(false)
    expect(ended.stdout + ended.stderr).not.toContain('Kl1ppfischer')
  })

  it('whose import was killed goes on with the password, and leaves no plaintext behind', async () => {
    const into = join(folder, 'killed')
    const run = startWith(variable, ...importing(into), ...withVariable)
    await run.says('store: started')
    const scratch = (): string[] => readdirSync(join(into, '.scratch'), { recursive: true, encoding: 'utf8' })
    // Killed while the backup is open, when its decrypted databases lie there.
    while (!scratch().some((name) => name.endsWith('Manifest.db'))) await setTimeout(1)
    run.child.kill('SIGKILL')
    await run.ended
    const left = scratch()
    expect(left.length).toBeGreaterThan(1)
    expectNoSecret(into)

    const parked = await startWith(
      { BACKUP_PASSWORD: 'wrong' },
      'retry',
      '--into',
      into,
      ...withVariable,
      '--json',
    ).ended
    expect(parked.status, parked.stderr).toBe(75)
    expect(reportOf(parked).error).toMatchObject({ code: 'PASSWORD_WRONG' })
    for (const name of left) expect(existsSync(join(into, '.scratch', name)), name).toBe(false)

    const unasked = await report('retry', '--into', into)
    expect(unasked.status).toBe(75)
    expect(unasked.report.error).toMatchObject({
      code: 'BACKUP_ENCRYPTED',
      hint: expect.stringContaining('--password-env'),
    })
    // What is printed to go on with works where no terminal asks: as it stands, once the variable is named and holds the password.
    expect(unasked.stderr).toMatch(/go on +npm start -- retry .* --password-env NAME$/m)
    const told = await startWith({ BACKUP_PASSWORD: 'wrong' }, 'retry', '--into', into, ...withVariable).ended
    const [, command = ''] = /go on +npm start -- (.*)/.exec(told.stdout) ?? []
    const words = command.split(' ')
    expect(words.slice(-2)).toEqual(withVariable)

    // The folder of the library has no spaces in its name.
    const ended = await startWith(variable, ...words, '--json').ended
    expect(ended.status, ended.stderr).toBe(0)
    expect(libraryContent(into)).toEqual(undisturbed)
    expect(existsSync(join(into, '.scratch'))).toBe(false)
    expectNoSecret(into, parked.stdout, parked.stderr, ended.stdout, ended.stderr)
    expect((await program('verify', '--into', into)).status).toBe(0)
  }, 120_000)

  // util-linux: gives the program a terminal of its own, which echoes what is typed as long as nobody stops it.
  const terminal = '/usr/bin/script'
  describe.runIf(process.platform === 'linux' && existsSync(terminal))('at a terminal', () => {
    /** Runs the program at a terminal, and types a line each time that it asks. */
    function type(
      lines: readonly string[],
      ...words: string[]
    ): Promise<{ status: number | null; shown: string }> {
      const command = [process.execPath, entry, ...words].map((word) => `'${word}'`).join(' ')
      const child = spawn(terminal, ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
      let shown = ''
      let typed = 0
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text
        const asked = shown.split('What you type is not shown').length - 1
        while (typed < asked) child.stdin.write(`${lines[typed++] ?? '\u0003'}\r`)
      })
      return new Promise((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (status) => resolve({ status, shown }))
      })
    }

    it('is asked the password of, without echo, and again after a wrong one', async () => {
      const into = join(folder, 'typed')
      const { status, shown } = await type(['Kl1ppfischer-wrong', password], ...importing(into))
      expect(status, shown).toBe(0)
      expect(shown).toContain('That password does not open it')
      expect(shown).not.toContain('Kl1pp')
      expect(libraryContent(into)).toEqual(undisturbed)
      expectNoSecret(into)
    })

    it('is left alone when whoever is asked presses Ctrl-C', async () => {
      const into = join(folder, 'interrupted', 'library')
      const { status, shown } = await type([], ...importing(into))
      expect(status, shown).toBe(130)
      expect(existsSync(join(folder, 'interrupted'))).toBe(false)
    })
  })

  it('stays as it is to the last byte', async () => {
    const before = treeOf(encrypted)
    mkdirSync(join(folder, 'again'))
    await startWith(variable, ...importing(join(folder, 'again')), ...withVariable).ended
    expect(treeOf(encrypted)).toEqual(before)
  })
})

function isFolder(path: string): boolean {
  try {
    readdirSync(path)
    return true
  } catch {
    return false
  }
}
