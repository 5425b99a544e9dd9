import type { ContractCase } from './contract-case.js'
import { auditingClaims } from './storage/auditing-claims.js'
import { discardingClaims } from './storage/discarding-claims.js'
import { ownRowClaims } from './storage/own-row-claims.js'
import { publishingClaims } from './storage/publishing-claims.js'
import { readBackClaims } from './storage/read-back-claims.js'
import { resumingClaims } from './storage/resuming-claims.js'
import { stagingClaims } from './storage/staging-claims.js'
import type { StorageUnderTest } from './storage/storage-under-test.js'

/** Every claim that a {@link Storage} has to keep. `setup` is called for each of them, with fresh data every time. */
export function storageContract(setup: () => Promise<StorageUnderTest>): readonly ContractCase[] {
  const claims = [
    ...stagingClaims,
    ...resumingClaims,
    ...publishingClaims,
    ...discardingClaims,
    ...ownRowClaims,
    ...readBackClaims,
    ...auditingClaims,
  ]
  return claims.map(({ name, test }) => ({
    name,
    run: async () => {
      const opened: StorageUnderTest[] = []
      const open = async (): Promise<StorageUnderTest> => {
        const under = await setup()
        opened.push(under)
        return under
      }
      try {
        await test(await open(), open)
      } finally {
        for (const under of opened) await under.cleanUp()
      }
    },
  }))
}
