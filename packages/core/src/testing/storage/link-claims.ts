import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isHoldfastError } from '../../errors/holdfast-error.js'
import type { AttachmentRecord } from '../../import/records.js'
import type { Storage, StorageLinks } from '../../import/storage.js'
import { receiptFor } from '../receipt-for.js'
import { sampleAttachment, sampleMessage } from '../sample-records.js'
import { contentOf, importRef, itemsOf } from './staging.js'
import type { StorageClaim } from './storage-under-test.js'

const { signal } = new AbortController()
const ref = importRef('i')
const pictures = ['a1', 'a2', 'a3'].map((guid) => sampleAttachment(guid, 'm1'))

/** What holding content as links to a backup that goes has to keep, whether or not the volume let it make any. */
export const linkClaims: readonly StorageClaim[] = [
  {
    name: 'content is found as it was verified while nobody changes the backup',
    needs: 'links',
    test: ({ storage }) =>
      withBackup(storage, async ({ links }) => {
        await links.check(ref.id, { signal })
        await links.check(ref.id, { signal })
        assert.deepEqual(await differences(storage), [])
      }),
  },
  {
    name: 'a file of the backup that changes before its links ended is found, or was none of the library’s',
    needs: 'links',
    test: ({ storage }) =>
      withBackup(storage, async ({ links, change }) => {
        await change('a2')
        const isFound = await links.check(ref.id, { signal }).then(
          () => false,
          (thrown: unknown) => {
            assert.ok(isHoldfastError(thrown) && thrown.code === 'BACKUP_CHANGED', String(thrown))
            return true
          },
        )
        assert.deepEqual(await differences(storage), isFound ? [['a2@m1', 'file-changed']] : [])
      }),
  },
  {
    name: 'content is the library’s alone once its links ended, which may be repeated',
    needs: 'links',
    test: ({ storage }) =>
      withBackup(storage, async ({ links, change }) => {
        await links.end(ref.id, { signal })
        await links.end(ref.id, { signal })
        for (const { guid } of pictures) await change(guid)
        assert.deepEqual(await differences(storage), [])
        await links.check(ref.id, { signal })
      }),
  },
  {
    name: 'content outlives the backup that it was linked to',
    needs: 'links',
    test: ({ storage }) =>
      withBackup(storage, async ({ links, remove }) => {
        await remove()
        await links.end(ref.id, { signal })
        assert.deepEqual(await differences(storage), [])
      }),
  },
]

/** A published import of a backup that goes, with its contents in files. */
interface LinkedImport {
  readonly links: StorageLinks
  /** Changes a byte of a file of the backup, in its place. */
  change(guid: string): Promise<void>
  remove(): Promise<void>
}

async function withBackup(storage: Storage, test: (made: LinkedImport) => Promise<void>): Promise<void> {
  const { links } = storage
  assert.ok(links)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-links-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    for (const { guid } of pictures) await writeFile(join(folder, guid), `Content of ${guid}`)
    await storage.begin(ref)
    await storage.write(
      ref.id,
      { records: [sampleMessage('m1'), ...pictures], cursor: 1 },
      {
        content: contentOf(),
        contentFile: async ({ guid }: AttachmentRecord) => join(folder, guid),
        backup: 'goes',
        signal,
      },
    )
    await storage.publish(ref.id, await receiptFor(ref))
    const change = (guid: string): Promise<void> =>
      writeFile(join(folder, guid), `CONTENT of ${guid}`, { flag: 'r+' })
    await test({ links, change, remove })
  } finally {
    await remove()
  }
}

async function differences(storage: Storage): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = []
  for (const { key, difference } of await itemsOf(storage, ref.id)) {
    if (difference !== null) found.push([key, difference])
  }
  return found
}
