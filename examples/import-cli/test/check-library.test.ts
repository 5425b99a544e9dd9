import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSyntheticBackup } from '@holdfast/adapters/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { libraryFolder } from '../src/library/library-folder.js'
import { openLibrary } from '../src/library/open-library.js'
import { checkLibrary } from '../src/runs/check-library.js'
import { buildProgram, program } from './program.js'

describe('checking a library', { timeout: 90_000 }, () => {
  let folder: string
  let into: string
  beforeAll(buildProgram)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-check-'))
    into = join(folder, 'library')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function importAnother(seed: number): Promise<void> {
    const { path } = await makeSyntheticBackup({ into: folder, seed, messages: 20, attachments: 0 })
    const { status, stderr } = await program('import', '--backup', path, '--into', into)
    expect(status, stderr).toBe(0)
  }

  it('gives no alarm for an import that another process finishes while it reads, and finds it the next time', async () => {
    await importAnother(71)
    const library = await openLibrary(libraryFolder(into), { create: false })
    try {
      const { storage, runner } = library
      let others = 0
      // The imports are listed by now, and nothing of them is read yet.
      const interrupted: typeof storage = {
        ...storage,
        audit: async function* (options) {
          if (others++ === 0) await importAnother(72)
          yield* storage.audit(options)
        },
      }
      const { signal } = new AbortController()
      const check = await checkLibrary({ runner, storage: interrupted }, { signal })
      expect(check).toMatchObject({ valid: true, problems: [], imports: [{ valid: true }] })
      const next = await checkLibrary(library, { signal })
      expect(next).toMatchObject({ valid: true, imports: [{ valid: true }, { valid: true }] })
    } finally {
      await library.close()
    }
  })

  it('finds that an import is gone which the journal says was finished', async () => {
    await importAnother(73)
    const library = await openLibrary(libraryFolder(into), { create: false })
    try {
      const storage = { ...library.storage, imports: async () => [] }
      const check = await checkLibrary(
        { runner: library.runner, storage },
        { signal: new AbortController().signal },
      )
      expect(check.valid).toBe(false)
      expect(check.problems).toMatchObject([{ difference: 'import-missing' }])
    } finally {
      await library.close()
    }
  })
})
