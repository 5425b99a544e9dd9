import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AskRequest, Json } from '@holdfast/core'
import type { ImportRecord, OpenBackup } from '@holdfast/core/import'
import { buildBinary, type PlistValue } from 'plist'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  blobPath,
  contactImagesFile,
  contactsFile,
  fileId,
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  type SchemaVersion,
  type SyntheticBackup,
  type SyntheticBackupOptions,
} from '../testing/index.js'
import { readPlistFile, valueAt } from './folder/plist-file.js'
import { fingerprintBackup, iosBackup, type KeyVault } from './index.js'

const { signal } = new AbortController()
const password = 'correct horse Zoë'
let folder: string
let scratch: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-encrypted-'))
})
beforeEach(async () => {
  scratch = join(await mkdtemp(join(folder, 'test-')), 'scratch')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Answers questions one after the other, and remembers them. */
function human(...answers: Json[]) {
  const asked: AskRequest[] = []
  return {
    asked,
    ask: async (request: AskRequest): Promise<Json> => {
      asked.push(request)
      return answers[asked.length - 1] ?? null
    },
  }
}

function reader(options: { readonly vault?: KeyVault } = {}) {
  return iosBackup({ openSqlite: openTestSqlite, scratch, ...options })
}

const open = (path: string, ...answers: Json[]) => reader().open(path, { signal, ...human(...answers) })

async function readAll(backup: OpenBackup): Promise<readonly ImportRecord[]> {
  const records: ImportRecord[] = []
  for await (const batch of backup.read({ after: null, batchSize: 100, signal }))
    records.push(...batch.records)
  return records
}

async function contentOf(backup: OpenBackup, record: ImportRecord): Promise<Buffer | null> {
  if (record.type !== 'attachment' || record.unavailable !== null) return null
  const parts: Uint8Array[] = []
  for await (const part of backup.content(record, signal)) parts.push(part)
  return Buffer.concat(parts)
}

const generations: readonly (readonly ['older' | '10.2', SchemaVersion])[] = [
  ['10.2', 'ios-18'],
  ['10.2', 'ios-11'],
  ['older', 'ios-10'],
  ['older', 'ios-9'],
]

describe.each(generations)(
  'a backup encrypted as by phones of generation %s, with %s',
  (generation, schema) => {
    let plain: SyntheticBackup
    let encrypted: SyntheticBackup

    beforeAll(async () => {
      const common: Omit<SyntheticBackupOptions, 'into'> = {
        seed: `twins ${schema}`,
        messages: 400,
        attachments: 80,
        schema,
        anomalies: { blobMissing: 2, databaseSizeShortBy: 4096 },
      }
      plain = await makeSyntheticBackup({ ...common, into: join(folder, `plain ${schema}`) })
      encrypted = await makeSyntheticBackup({
        ...common,
        into: join(folder, `encrypted ${schema}`),
        encryption: { password, generation },
      })
    })

    test('gives the records and the bytes of the plain backup of the same seed', async () => {
      expect(encrypted.truth).toEqual(plain.truth)
      const twins = [await open(plain.path), await open(encrypted.path, password)] as const
      const [one, other] = twins
      expect(other.source).toMatchObject({ encrypted: true, wholeness: 'complete', remarks: [] })
      const { fingerprint: _own, encrypted: _claim, ...rest } = other.source
      expect(one.source).toMatchObject(rest)
      expect(await other.totals()).toEqual(encrypted.counts)
      const records = await readAll(one)
      expect(await readAll(other)).toEqual(records)
      let contents = 0
      for (const record of records) {
        const content = await contentOf(one, record)
        if (content === null || record.type !== 'attachment') continue
        contents++
        expect((await contentOf(other, record))?.equals(content), record.key).toBe(true)
        const sha256 = createHash('sha256').update(content).digest('hex')
        expect(await other.digest(record, signal)).toEqual({ sha256, bytes: content.length })
      }
      expect(contents).toBeGreaterThan(50)
      for (const each of twins) await each.close()
    })

    test('is the same to the last byte after it was read, and nothing is left in the scratch folder', async () => {
      const before = await fingerprintBackup(encrypted.path, signal)
      const tree = (await readdir(encrypted.path, { recursive: true })).sort()
      const backup = await open(encrypted.path, password)
      await readAll(backup)
      await backup.close()
      expect(await fingerprintBackup(encrypted.path, signal)).toBe(before)
      expect((await readdir(encrypted.path, { recursive: true })).sort()).toEqual(tree)
      expect(await readdir(scratch)).toEqual([])
    })

    test('has no plaintext on disk that anybody but the owner could read', async () => {
      const backup = await open(encrypted.path, password)
      const found = await readdir(scratch, { recursive: true, withFileTypes: true })
      const decrypted = generation === '10.2' ? ['Manifest.db'] : []
      const names = found.map(({ name }) => name).filter((name) => !name.startsWith('holdfast-scratch-'))
      const databases = [contactsFile, contactImagesFile, messagesFile].map(fileId)
      expect(names.sort()).toEqual([...databases, ...decrypted].sort())
      for (const entry of found) {
        const { mode } = await stat(join(entry.parentPath, entry.name))
        expect(mode & 0o777, entry.name).toBe(entry.isDirectory() ? 0o700 : 0o600)
      }
      await backup.close()
    })
  },
)

describe('the password', () => {
  let made: SyntheticBackup
  beforeAll(async () => {
    made = await makeSyntheticBackup({
      into: join(folder, 'password'),
      seed: 'password',
      messages: 30,
      attachments: 4,
      encryption: { password },
    })
  })

  test('is asked for as a secret, with the name of the phone', async () => {
    const { ask, asked } = human(password)
    await (await reader().open(made.path, { signal, ask })).close()
    expect(asked).toEqual([
      { kind: 'password', secret: true, message: expect.stringContaining('Zoë’s iPhone') },
    ])
  })

  test('is asked for again when it was wrong, and the question says so', async () => {
    const { ask, asked } = human('wrong', 'wronger', password)
    await (await reader().open(made.path, { signal, ask })).close()
    expect(asked.map(({ message }) => message.startsWith('That password does not open it'))).toEqual([
      false,
      true,
      true,
    ])
  })

  test('that is wrong three times is PASSWORD_WRONG, and is in no part of the error', async () => {
    const { ask, asked } = human('wrong-one', 'wrong-two', 'wrong-three', password)
    const error: unknown = await reader()
      .open(made.path, { signal, ask })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'PASSWORD_WRONG', retryable: false })
    expect(JSON.stringify(error) + String(error)).not.toMatch(/wrong-/)
    expect(asked).toHaveLength(3)
  })

  test.each([[null], [''], [42]])('that nobody gives (%j) is BACKUP_ENCRYPTED', async (answer) => {
    await expect(open(made.path, answer)).rejects.toMatchObject({
      code: 'BACKUP_ENCRYPTED',
      hint: expect.stringContaining('password'),
    })
  })

  test('that cannot be asked for is BACKUP_ENCRYPTED', async () => {
    await expect(reader().open(made.path, { signal })).rejects.toMatchObject({ code: 'BACKUP_ENCRYPTED' })
  })

  test('is of no use where the host names no scratch folder', async () => {
    const unnamed = iosBackup({ openSqlite: openTestSqlite })
    const { ask, asked } = human(password)
    await expect(unnamed.open(made.path, { signal, ask })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('scratch'),
    })
    expect(asked).toEqual([])
  })

  test('is asked for once in a run, and again after the run is forgotten', async () => {
    const one = reader()
    const { ask, asked } = human(password, password)
    for (let time = 0; time < 3; time++) await (await one.open(made.path, { signal, ask, run: 'a' })).close()
    expect(asked).toHaveLength(1)
    one.forget?.('b')
    await (await one.open(made.path, { signal, ask, run: 'a' })).close()
    expect(asked).toHaveLength(1)
    one.forget?.('a')
    await (await one.open(made.path, { signal, ask, run: 'a' })).close()
    expect(asked).toHaveLength(2)
  })

  test('of one run is not that of another, nor kept where there is no run', async () => {
    const one = reader()
    const { ask, asked } = human(password, password, password)
    for (const run of [{ run: 'a' }, { run: 'b' }, {}])
      await (await one.open(made.path, { signal, ask, ...run })).close()
    expect(asked).toHaveLength(3)
  })

  test('is not asked for when the host’s vault has the key, which is not the password', async () => {
    const kept = new Map<string, Uint8Array>()
    const vault: KeyVault = {
      get: async (name) => kept.get(name),
      set: async (name, key) => void kept.set(name, key),
      delete: async (name) => void kept.delete(name),
    }
    const { ask, asked } = human(password)
    await (await reader({ vault }).open(made.path, { signal, ask })).close()
    await (await reader({ vault }).open(made.path, { signal })).close()
    expect(asked).toHaveLength(1)
    const [name = '', key] = [...kept][0] ?? []
    expect(key?.length).toBe(32)
    expect(Buffer.from(key ?? []).includes(password)).toBe(false)

    // A key that fits no more is dropped, and the password asked for.
    kept.set(name, new Uint8Array(32))
    const again = human(password)
    await (await reader({ vault }).open(made.path, { signal, ask: again.ask })).close()
    expect(again.asked).toHaveLength(1)
    expect(kept.get(name)).toEqual(key)
  })

  test('is no longer waited for when the signal ends', async () => {
    const controller = new AbortController()
    const ask = (): Promise<Json> =>
      new Promise((_, reject) => {
        controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true })
        controller.abort(new Error('enough'))
      })
    await expect(reader().open(made.path, { signal: controller.signal, ask })).rejects.toThrow('enough')
    expect(existsSync(scratch)).toBe(false)
  })
})

describe('a damaged backup that is encrypted', () => {
  let made: SyntheticBackup
  let path: string

  beforeAll(async () => {
    made = await makeSyntheticBackup({
      into: join(folder, 'damaged'),
      seed: 'damaged',
      messages: 60,
      attachments: 30,
      encryption: { password },
      anomalies: { undecryptable: 8 },
    })
  })
  beforeEach(async () => {
    path = join(await mkdtemp(join(folder, 'copy-')), made.udid)
    await cp(made.path, path, { recursive: true })
  })

  async function changePlist(changes: Readonly<Record<string, PlistValue | undefined>>): Promise<void> {
    const file = join(path, 'Manifest.plist')
    const plist = await readPlistFile(file)
    const kept = ['IsEncrypted', 'BackupKeyBag', 'ManifestKey'].map(
      (key) => [key, valueAt(plist, key)] as const,
    )
    const all = { ...Object.fromEntries(kept), ...changes }
    // What a property list can hold: a boolean and two data.
    const present = Object.entries(all).filter(([, value]) => value !== undefined && value !== null)
    await writeFile(file, buildBinary(Object.fromEntries(present) as Record<string, PlistValue>))
  }
  async function keybag(): Promise<Buffer> {
    const value = valueAt(await readPlistFile(join(path, 'Manifest.plist')), 'BackupKeyBag')
    if (!(value instanceof Uint8Array)) throw new Error('no keybag')
    return Buffer.from(value)
  }

  test('has attachments that are undecryptable, each for its own reason, and gives all others', async () => {
    const backup = await open(path, password)
    const records = await readAll(backup)
    const planned = made.truth.attachments.map(({ sha256: _hash, bytes: _bytes, ...record }) => record)
    expect(records.filter(({ type }) => type === 'attachment')).toEqual(planned)
    expect(
      planned.filter(({ unavailable }) => unavailable === 'undecryptable').length,
    ).toBeGreaterThanOrEqual(8)
    await backup.close()
  })

  test('says KEYBAG_DAMAGED when the keybag is cut off, without asking for a password', async () => {
    await changePlist({ BackupKeyBag: (await keybag()).subarray(0, 300) })
    const { ask, asked } = human(password)
    await expect(reader().open(path, { signal, ask })).rejects.toMatchObject({ code: 'KEYBAG_DAMAGED' })
    expect(asked).toEqual([])
  })

  test.each(['BackupKeyBag', 'ManifestKey'])('says KEYBAG_DAMAGED when %s is missing', async (key) => {
    await changePlist({ [key]: undefined })
    await expect(open(path, password)).rejects.toMatchObject({ code: 'KEYBAG_DAMAGED' })
  })

  test('says MANIFEST_DAMAGED when the key of the manifest is damaged, and that the password is right', async () => {
    await changePlist({ ManifestKey: Buffer.alloc(44, 3) })
    await expect(open(path, password)).rejects.toMatchObject({
      code: 'MANIFEST_DAMAGED',
      hint: expect.stringContaining('password is right'),
    })
  })

  test('says MANIFEST_DAMAGED when Manifest.db is noise or cut off, and leaves nothing decrypted', async () => {
    const manifest = join(path, 'Manifest.db')
    await truncate(manifest, (await stat(manifest)).size - 8192 - 5)
    await expect(open(path, password)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' })
    await writeFile(manifest, Buffer.alloc(4096, 7))
    await expect(open(path, password)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' })
    expect(await readdir(scratch)).toEqual([])
  })

  test('says MESSAGES_DAMAGED for a message database that is cut in the middle of a block, or noise', async () => {
    const database = blobPath(path, messagesFile)
    await truncate(database, (await stat(database)).size - 5)
    await expect(open(path, password)).rejects.toMatchObject({ code: 'MESSAGES_DAMAGED' })
    await writeFile(database, Buffer.alloc(4096, 7))
    await expect(open(path, password)).rejects.toMatchObject({ code: 'MESSAGES_DAMAGED' })
    expect(await readdir(scratch)).toEqual([])
  })

  test('says CONTACTS_DAMAGED for a contacts database that does not decrypt to one', async () => {
    await writeFile(blobPath(path, contactsFile), Buffer.alloc(4096, 7))
    await expect(open(path, password)).rejects.toMatchObject({ code: 'CONTACTS_DAMAGED' })
  })

  test('remarks when the message database is not what the phone wrote, and takes it for no decrypted copy', async () => {
    const database = blobPath(path, messagesFile)
    const bytes = await readFile(database)
    // One block of a page's free space, most likely; whatever it hits, the header is left alone.
    await writeFile(database, Buffer.concat([bytes, Buffer.alloc(16)]))
    const backup = await open(path, password)
    expect(backup.source.remarks).toEqual([expect.stringMatching(/SHA-1 is not the one in the manifest\.$/)])
    await backup.close()
  })
})

describe('flags that contradict what is there', () => {
  test('a plain backup that says it is encrypted is read, with a remark', async () => {
    const made = await makeSyntheticBackup({
      into: join(folder, 'claims'),
      seed: 'claims',
      messages: 20,
      attachments: 2,
    })
    await writeFile(join(made.path, 'Manifest.plist'), buildBinary({ IsEncrypted: true }))
    const backup = await open(made.path)
    expect(backup.source).toMatchObject({
      encrypted: false,
      remarks: [expect.stringContaining('its files are not')],
    })
    await backup.close()
  })

  test('an encrypted backup that says it is plain is asked the password of', async () => {
    const made = await makeSyntheticBackup({
      into: join(folder, 'denies'),
      seed: 'denies',
      messages: 20,
      attachments: 2,
      encryption: { password },
    })
    const file = join(made.path, 'Manifest.plist')
    const plist = await readPlistFile(file)
    const [keyBag, manifestKey] = ['BackupKeyBag', 'ManifestKey'].map((key) => valueAt(plist, key))
    if (!(keyBag instanceof Uint8Array) || !(manifestKey instanceof Uint8Array)) throw new Error('no keys')
    await writeFile(file, buildBinary({ IsEncrypted: false, BackupKeyBag: keyBag, ManifestKey: manifestKey }))
    const backup = await open(made.path, password)
    expect(backup.source.encrypted).toBe(true)
    await backup.close()
  })
})
