import { describe, expect, it } from 'vitest'
import { blob, drawnOfRows, ofFiles, seed } from './disturbances.js'
import { flip } from './one-import.js'
import { useOneImport } from './use-one-import.js'

const { outcomeOf, backupIsThere } = useOneImport()

describe(`between store and verify (seed ${seed})`, () => {
  it.each([...drawnOfRows, ...ofFiles])(
    '%s: verify finds it, and a retry stores it as it is',
    async (_what, disturb) => {
      const { run, outcome } = await outcomeOf('copied', { stored: disturb })
      expect(outcome).toMatchObject({ status: 'retryable', error: { code: 'VERIFY_FAILED' } })
      expect(backupIsThere()).toBe(true)
      await run.retry()
      expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    },
  )

  it.each(['copied', 'linked', 'cloned'] as const)(
    'a blob of the backup is another, whose content is %s: verify finds it',
    async (sharing) => {
      const { outcome } = await outcomeOf(sharing, { stored: (of) => flip(blob(of)) })
      expect(outcome).toMatchObject({ status: 'retryable', error: { code: 'VERIFY_FAILED' } })
      expect(backupIsThere()).toBe(true)
    },
  )
})
