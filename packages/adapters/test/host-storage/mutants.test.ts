import type { Storage } from '@holdfast/core/import'
import { type StorageUnderTest, storageContract } from '@holdfast/core/testing'
import { describe, expect, it } from 'vitest'
import { watchedFileSystem } from '../faulty-file-system.js'
import { makeLibraryFolder } from '../library-fixture.js'
import { makeHostApp } from './host-app.js'

/** A storage on real tables and files that breaks its contract in one way, and the claims that have to find it out. */
interface Mutant<App extends StorageUnderTest> {
  readonly name: string
  readonly wrong: (app: App) => Partial<Storage>
  readonly rejectedBy: readonly string[]
}

/** Links on every file system, also on those that would rather clone. */
const linking = watchedFileSystem((call) => {
  if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
})

type Host = Awaited<ReturnType<typeof makeHostApp>>
type Library = Awaited<ReturnType<typeof makeLibraryFolder>>

const hosts: readonly Mutant<Host>[] = [
  {
    name: 'loses before-images',
    wrong: ({ storage, db }) => ({
      publish: async (...call) => {
        await storage.publish(...call)
        db.exec("UPDATE import_before SET said = 'null'")
      },
    }),
    rejectedBy: [
      'a row of the host that an import changes is seen unchanged until it is published, and is as it was when it is discarded',
      'a row of the host that several imports change is as it was when they are discarded, in any order',
    ],
  },
  {
    name: 'takes the image of a row again at every import',
    wrong: ({ storage, db }) => ({
      publish: async (...call) => {
        const again = db.prepare("SELECT body FROM messages WHERE external_message_id = 'm1'").get()
        await storage.publish(...call)
        // What the second import found there was the first one's.
        if (again !== undefined && (await storage.imports()).length > 1) {
          const seen = again as { readonly body: string | null }
          db.prepare("UPDATE import_before SET said = json_set(said, '$[4]', ?) WHERE external = 'm1'").run(
            seen.body,
          )
        }
      },
    }),
    rejectedBy: [
      'a row of the host that several imports change is as it was when they are discarded, in any order',
    ],
  },
  {
    name: 'counts a row of the host as one that it holds',
    wrong: ({ storage }) => ({
      async *readBack(id, options) {
        for await (const item of storage.readBack(id, options))
          yield item.key === 'm1' ? { ...item, outcome: 'present' } : item
      },
    }),
    rejectedBy: [
      'an import beside rows of the host stores what it brings, and finds it present the next time',
    ],
  },
  {
    name: 'names no volume for contents',
    wrong: ({ storage: { space } }) => ({
      space: {
        ...space,
        rooms: async (request) => (await space.rooms(request)).map((room) => ({ ...room, holds: ['rows'] })),
      },
    }),
    rejectedBy: ['names the volumes that rows and contents go to, and changes nothing'],
  },
  {
    name: 'believes its rows about files',
    wrong: ({ storage: { space }, db }) => ({
      space: {
        ...space,
        held: async (_, records) =>
          records.map(
            ({ key }) => db.prepare('SELECT 1 FROM import_items WHERE key = ?').get(key) !== undefined,
          ),
      },
    }),
    rejectedBy: [
      'tells content that the library holds from content that has to be written, and changes nothing',
      'is not asked about content for an import that never was',
    ],
  },
]

const libraries: readonly Mutant<Library>[] = [
  {
    name: 'finds every link changed',
    wrong: ({ library }) => ({
      links: { ...linksOf(library), check: () => Promise.reject(new Error('no')) },
    }),
    rejectedBy: ['content is found as it was verified while nobody changes the backup'],
  },
  {
    name: 'does not look at its links before the backup goes',
    wrong: ({ library }) => ({ links: { ...linksOf(library), check: async () => {} } }),
    rejectedBy: [
      'a file of the backup that changes before its links ended is found, or was none of the library’s',
    ],
  },
  {
    name: 'ends no links',
    wrong: ({ library }) => ({ links: { ...linksOf(library), end: async () => {} } }),
    rejectedBy: ['content is the library’s alone once its links ended, which may be repeated'],
  },
  {
    name: 'keeps no content of its own',
    wrong: ({ library, tamper }) => ({
      links: {
        ...linksOf(library),
        end: async (id, options) => {
          for await (const { content } of library.readBack(id, options))
            if (content !== null) await tamper.removeFile(content.sha256)
        },
      },
    }),
    rejectedBy: ['content outlives the backup that it was linked to'],
  },
]

describe('the contract of a storage', () => {
  it.each(hosts)('finds out one on an app’s tables that $name', async (mutant) => {
    await expectFoundOut(mutant, makeHostApp, { lacks: ['links'] })
  })

  it.each(libraries)('finds out a library that $name', async (mutant) => {
    await expectFoundOut(mutant, () => makeLibraryFolder({ fs: linking }), { lacks: ['own-rows'] })
  })

  it('has no claim about own rows, room and links that nothing wrong was found out by', () => {
    const all = storageContract(makeHostApp).map(({ name }) => name)
    const lacks = ['own-rows', 'space', 'links'] as const
    const others = new Set(storageContract(makeHostApp, { lacks }).map(({ name }) => name))
    const wanted = all.filter((name) => !others.has(name) && !name.startsWith('has everything'))
    const found = new Set([...hosts, ...libraries].flatMap(({ rejectedBy }) => rejectedBy))
    expect([...found].sort()).toEqual(wanted.toSorted())
  })
})

async function expectFoundOut<App extends StorageUnderTest>(
  { wrong, rejectedBy }: Mutant<App>,
  open: () => Promise<App>,
  options: Parameters<typeof storageContract>[1],
): Promise<void> {
  const claims = storageContract(async () => {
    const app = await open()
    return { ...app, storage: { ...app.storage, ...wrong(app) } }
  }, options)
  for (const name of rejectedBy) {
    const claim = claims.find((each) => each.name === name)
    await expect(claim?.run(), name).rejects.toBeInstanceOf(Error)
  }
}

function linksOf({ links }: Storage): NonNullable<Storage['links']> {
  if (links === undefined) throw new Error('the library makes no links')
  return links
}
