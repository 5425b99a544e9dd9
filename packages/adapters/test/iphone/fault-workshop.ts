import { expect } from 'vitest'
import type { MuxTransport } from '../../src/iphone/index.js'
import { generatedContent } from '../../src/testing/index.js'
import { treeDigest, Workshop } from './backup-workshop.js'

export const lockFile = '/com.apple.itunes.lock_sync'

/** One of the ways to a phone, at an address. */
export type Mux = (address: string) => MuxTransport

export type Settings = NonNullable<Parameters<typeof Workshop.open>[0]>

/** Workshops that are closed when a test has ended. */
export class Workshops {
  readonly #open: Workshop[] = []

  async open(settings: Settings = {}): Promise<Workshop> {
    const shop = await Workshop.open(settings)
    this.#open.push(shop)
    return shop
  }

  /** A workshop with a backup, and changes on the phone that the next one brings. */
  async openWithBackup(
    settings: Settings = {},
  ): Promise<{ readonly shop: Workshop; readonly before: string }> {
    const shop = await this.open(settings)
    await shop.acquire({ run: 'first' })
    changePhone(shop)
    shop.phases.length = 0
    return { shop, before: await treeDigest(shop.path) }
  }

  async close(): Promise<void> {
    for (const shop of this.#open.splice(0)) await shop.close()
  }
}

function changePhone({ phone }: Workshop): void {
  phone.backups.tree
    .put('HomeDomain', 'Library/Things/3', generatedContent(500_000, 'changed'))
    .remove('HomeDomain', 'Library/Things/4')
    .put('HomeDomain', 'Library/Things/new', 'new')
}

/** The attempt fails with this, leaves the backup before as it was, and the next one ends well. */
export async function expectFailureThenSuccess(
  { shop, before }: { shop: Workshop; before: string },
  expected: object,
  signal?: AbortSignal,
): Promise<void> {
  await expect(
    shop.acquire({ run: 'second', ...(signal === undefined ? {} : { signal }) }),
  ).rejects.toMatchObject(expected)
  expect(await treeDigest(shop.path)).toBe(before)
  shop.phone.backups.clearPlans()
  shop.phone.plugIn()
  await shop.acquire({ run: 'second' })
  expect(await shop.wholeness()).toBe('complete')
  expect(await treeDigest(shop.path)).not.toBe(before)
  expect(await shop.beside()).toEqual([])
  expect(shop.phone.files.isLocked(lockFile)).toBe(false)
}
