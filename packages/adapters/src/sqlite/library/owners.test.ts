import { verifyPublished } from '@holdfast/core/import'
import { receiptFor, sampleContact, sampleMessage } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LibraryFolder, makeLibraryFolder } from '../../../test/library-fixture.js'
import type { SqliteLibrary } from './sqlite-library.js'

const signal = new AbortController().signal
const content = () => {
  throw new Error('there are no attachments')
}

let folder: LibraryFolder
let storage: SqliteLibrary
beforeEach(async () => {
  folder = await makeLibraryFolder()
  storage = folder.library
})
afterEach(() => folder.cleanUp())

const refOf = (id: string, owner: string) => ({ id, owner, fingerprint: `of ${id}`, udid: 'phone' })

async function stage(id: string, owner: string, text = 'Hello') {
  const records = [sampleContact('1'), sampleMessage('m1', { text })]
  const state = await storage.begin(refOf(id, owner))
  if (state.cursor === null) await storage.write(id, { records, cursor: 1 }, { content, signal })
  return state
}

async function importIt(id: string, owner: string, text?: string) {
  await stage(id, owner, text)
  await storage.publish(id, await receiptFor(refOf(id, owner)))
}

const seen = () => folder.db.prepare('SELECT owner, text FROM messages ORDER BY owner').all()

describe('an owner whose id changes', () => {
  it('has all that they imported under the new id, and their receipts still hold', async () => {
    await importIt('one', 'guest')
    await importIt('two', 'bob')
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    expect(seen()).toEqual([
      { owner: 'ann', text: 'Hello' },
      { owner: 'bob', text: 'Hello' },
    ])
    expect((await storage.imports()).map(({ owner }) => owner)).toEqual(['ann', 'bob'])
    for (const published of await storage.imports()) {
      const check = await verifyPublished(storage, published, { signal })
      // The receipt is made by hand, and counts nothing.
      expect(check.differences.filter(({ difference }) => difference !== 'counts-differ')).toEqual([])
    }
  })

  it('finds what they import under the new id present already', async () => {
    await importIt('one', 'guest')
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    await importIt('two', 'ann')
    expect(seen()).toEqual([{ owner: 'ann', text: 'Hello' }])
  })

  it('between a failure and the retry of a run gets what the run still brings, and nothing is staged twice (scenario 14)', async () => {
    await stage('run', 'guest')
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    // The run goes on with the owner that it was started with.
    expect(await stage('run', 'guest')).toMatchObject({ cursor: 1, items: 2 })
    await storage.publish('run', await receiptFor(refOf('run', 'guest')))
    expect(seen()).toEqual([{ owner: 'ann', text: 'Hello' }])
  })

  it('gets what a run brings that had not begun to store, if it is named', async () => {
    await importIt('one', 'guest')
    await storage.remapOwner({ from: 'guest', to: 'ann', runs: ['parked'] })
    await importIt('parked', 'guest', 'Later')
    expect(seen()).toEqual([{ owner: 'ann', text: 'Later' }])
  })

  it('still gets it after a second change, and after what was staged was dropped', async () => {
    await stage('run', 'guest')
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    await storage.remapOwner({ from: 'ann', to: 'ann@example.org' })
    await storage.discard('run')
    await importIt('run', 'guest')
    expect(seen()).toEqual([{ owner: 'ann@example.org', text: 'Hello' }])
  })

  it('gets nothing of somebody else who is given the old id later', async () => {
    await importIt('one', 'guest')
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    await importIt('two', 'guest', 'Of the next guest')
    expect(seen()).toEqual([
      { owner: 'ann', text: 'Hello' },
      { owner: 'guest', text: 'Of the next guest' },
    ])
  })

  it('cannot become one with another, and may ask twice', async () => {
    await importIt('one', 'guest')
    await importIt('two', 'bob')
    await expect(storage.remapOwner({ from: 'guest', to: 'bob' })).rejects.toMatchObject({
      code: 'OWNER_TAKEN',
      retryable: false,
    })
    expect(seen()).toHaveLength(2)
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    await storage.remapOwner({ from: 'guest', to: 'ann' })
    await storage.remapOwner({ from: 'ann', to: 'ann' })
    expect(seen()).toMatchObject([{ owner: 'ann' }, { owner: 'bob' }])
  })

  it('must be named in words that are known', async () => {
    const misspelt = { from: 'a', to: 'b', run: [] }
    await expect(storage.remapOwner(misspelt)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
  })
})

describe('two phones and two owners in one library', () => {
  it('hold the same guids and ids beside each other, and taking one back leaves the others', async () => {
    const records = [sampleContact('1'), sampleMessage('m1')]
    const imports = [
      { ...refOf('ann-old', 'ann'), udid: 'old' },
      { ...refOf('ann-new', 'ann'), udid: 'new' },
      { ...refOf('bob', 'bob'), udid: 'old' },
    ]
    for (const ref of imports) {
      await storage.begin(ref)
      await storage.write(ref.id, { records, cursor: 1 }, { content, signal })
      await storage.publish(ref.id, await receiptFor(ref))
    }
    const contacts = folder.db.prepare('SELECT owner, device FROM contacts ORDER BY owner, device')
    // A message is the person's on whichever phone; a contact's id is unique within its phone only.
    expect(seen()).toHaveLength(2)
    expect(contacts.all()).toEqual([
      { owner: 'ann', device: 'new' },
      { owner: 'ann', device: 'old' },
      { owner: 'bob', device: 'old' },
    ])
    await storage.discard('ann-old')
    expect(seen()).toMatchObject([{ owner: 'ann' }, { owner: 'bob' }])
    expect(contacts.all()).toEqual([
      { owner: 'ann', device: 'new' },
      { owner: 'bob', device: 'old' },
    ])
  })
})
