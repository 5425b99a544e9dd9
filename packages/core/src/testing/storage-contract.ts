import assert from 'node:assert/strict'
import { checkOptions } from '../index.js'
import type { ContractCase } from './contract-case.js'
import { auditingClaims } from './storage/auditing-claims.js'
import { discardingClaims } from './storage/discarding-claims.js'
import { linkClaims } from './storage/link-claims.js'
import { ownRowClaims } from './storage/own-row-claims.js'
import { publishingClaims } from './storage/publishing-claims.js'
import { readBackClaims } from './storage/read-back-claims.js'
import { resumingClaims } from './storage/resuming-claims.js'
import { spaceClaims } from './storage/space-claims.js'
import { stagingClaims } from './storage/staging-claims.js'
import {
  hasPower,
  type StorageClaim,
  type StoragePower,
  type StorageUnderTest,
  storagePowers,
} from './storage/storage-under-test.js'
import { unchangedClaims } from './storage/unchanged-claims.js'

/** What a storage under test does not have. */
export interface StorageContractOptions {
  /** Its claims are left out, and it is a claim that the storage really lacks them. @default nothing */
  readonly lacks?: readonly StoragePower[]
}

/**
 * Every claim that a {@link Storage} has to keep. `setup` is called for each of them, with fresh data every time. No claim passes because
 * there is nothing to test: what a storage lacks is said.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function storageContract(
  setup: () => Promise<StorageUnderTest>,
  options: StorageContractOptions = {},
): readonly ContractCase[] {
  checkOptions('storageContract', options, { lacks: lacksRule })
  const lacks = options.lacks ?? []
  const claims = [
    hasTheRest(lacks),
    ...stagingClaims,
    ...resumingClaims,
    ...publishingClaims,
    ...discardingClaims,
    ...ownRowClaims,
    ...readBackClaims,
    ...auditingClaims,
    ...unchangedClaims,
    ...spaceClaims,
    ...linkClaims,
  ].filter(({ needs }) => needs === undefined || !lacks.includes(needs))
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

function hasTheRest(lacks: readonly StoragePower[]): StorageClaim {
  return {
    name:
      lacks.length === 0
        ? 'has everything that a storage may have'
        : `lacks ${lacks.join(', ')} and nothing else`,
    async test(under) {
      assert.deepEqual(
        storagePowers.filter((power) => !hasPower(under, power)),
        storagePowers.filter((power) => lacks.includes(power)),
      )
    },
  }
}

const lacksRule = {
  must: `be an array of ${storagePowers.map((power) => `'${power}'`).join(', ')}`,
  test: (value: unknown) => Array.isArray(value) && value.every(isPower),
}

function isPower(value: unknown): boolean {
  return storagePowers.some((power) => power === value)
}
