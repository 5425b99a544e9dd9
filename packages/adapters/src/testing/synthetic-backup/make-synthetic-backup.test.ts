import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeSyntheticBackup } from './make-synthetic-backup.js'
import { noAnomalies, type SyntheticBackupOptions } from './options.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-synthetic-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const small = { messages: 150, attachments: 30 }
const everything = {
  ...small,
  calls: 30,
  voicemails: 30,
  whatsApp: [{ messages: 80 }, { app: 'WhatsApp Business', messages: 50 }],
} as const

/** SHA-256 of every file below a folder, by its path. */
function digests(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(root.length), createHash('sha256').update(readFileSync(path)).digest('hex')]
    }),
  )
}

describe('making a backup', () => {
  test('gives the same bytes and the same truth for the same seed', async () => {
    const first = await makeSyntheticBackup({ ...everything, into: join(folder, 'a'), seed: 7 })
    const second = await makeSyntheticBackup({ ...everything, into: join(folder, 'b'), seed: 7 })
    expect(second.udid).toBe(first.udid)
    expect(second.truth).toEqual(first.truth)
    expect(digests(second.path)).toEqual(digests(first.path))
  })

  test('gives other content for another seed', async () => {
    const first = await makeSyntheticBackup({ ...small, into: folder, seed: 7 })
    const second = await makeSyntheticBackup({ ...small, into: folder, seed: 8 })
    const guids = new Set(first.truth.messages.map((message) => message.guid))
    expect(second.udid).not.toBe(first.udid)
    expect(second.truth.messages.filter((message) => guids.has(message.guid))).toEqual([])
  })

  test('leaves databases closed, in rollback-journal mode, with no journal beside them', async () => {
    const { path } = await makeSyntheticBackup({ ...small, into: folder, seed: 7 })
    const names = Object.keys(digests(path))
    expect(names.filter((name) => /-(wal|shm|journal)$/.test(name))).toEqual([])
    for (const name of ['Manifest.db', '3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28']) {
      const header = readFileSync(join(path, name)).subarray(0, 20)
      expect(header.subarray(0, 16).toString('latin1')).toBe('SQLite format 3\0')
      expect([...header.subarray(18)]).toEqual([1, 1])
    }
  })

  test('makes as much as it was asked for', async () => {
    const { truth, counts } = await makeSyntheticBackup({
      into: folder,
      seed: 7,
      messages: 321,
      attachments: 40,
      chats: 17,
      contacts: 23,
      anomalies: noAnomalies,
    })
    expect(counts).toMatchObject({ messages: 321, chats: 17, contacts: 23 })
    expect(new Set(truth.attachments.map((attachment) => attachment.guid)).size).toBe(40)
    expect(truth.attachments.filter((attachment) => attachment.unavailable !== null)).toEqual([])
    expect(truth.messages.filter((message) => message.textState === 'undecodable')).toEqual([])
  })

  test.each([
    [0, 0, 0],
    [0, 3, 2],
    [1, 1, 1],
    [12, 60, 0],
  ])('manages %i messages with %i attachments in %i chats', async (messages, attachments, chats) => {
    const made = await makeSyntheticBackup({ into: folder, seed: 7, messages, attachments, chats })
    expect(made.counts).toMatchObject({ messages, chats })
    expect(made.counts.attachments).toBeGreaterThanOrEqual(attachments)
  })

  test('writes the truth as JSON lines in the order in which a reader reads', async () => {
    const truthFile = join(folder, 'truth.jsonl')
    const { truth } = await makeSyntheticBackup({ ...everything, into: folder, seed: 7, truthFile })
    const lines = readFileSync(truthFile, 'utf8').trimEnd().split('\n')
    const all = Object.values(truth).flat()
    expect(lines).toEqual(all.map((record) => JSON.stringify(record)))
  })

  test('keeps the counts when it was not to keep the truth', async () => {
    const kept = await makeSyntheticBackup({ ...small, into: join(folder, 'a'), seed: 7 })
    const { truth, counts } = await makeSyntheticBackup({
      ...small,
      into: join(folder, 'b'),
      seed: 7,
      truth: false,
    })
    expect(Object.values(truth).flat()).toEqual([])
    expect(counts).toEqual(kept.counts)
  })

  test('tells how far it is, and leaves nothing when it is stopped', async () => {
    const told: number[] = []
    await makeSyntheticBackup({
      messages: 900,
      attachments: 0,
      into: folder,
      seed: 7,
      onProgress: ({ done }) => told.push(done),
    })
    expect(told[0]).toBe(0)
    expect(told.at(-1)).toBe(900)
    expect(told).toEqual([...told].sort((a, b) => a - b))
    const stopped = makeSyntheticBackup({
      messages: 900,
      attachments: 50,
      into: join(folder, 'stopped'),
      seed: 7,
      onProgress: ({ done }) => {
        if (done > 300) throw new Error('stop')
      },
    })
    await expect(stopped).rejects.toThrow('stop')
    expect(readdirSync(join(folder, 'stopped'))).toEqual([])
  })

  test('takes sizes of attachments', async () => {
    const { truth } = await makeSyntheticBackup({
      into: folder,
      seed: 7,
      messages: 100,
      attachments: 40,
      anomalies: noAnomalies,
      attachmentBytes: { mean: 50, large: 9999, largeEvery: 10 },
    })
    const sizes = truth.attachments.map((attachment) => attachment.bytes ?? 0)
    expect(sizes.filter((size) => size === 9999).length).toBeGreaterThanOrEqual(3)
    // The content that several attachments share has a size of its own.
    expect(Math.max(...sizes.filter((size) => size !== 9999 && size !== 12_345))).toBeLessThan(1000)
  })
})

describe('the options', () => {
  const refused: readonly (readonly [string, string, Partial<SyntheticBackupOptions>])[] = [
    ['a path for a udid', 'OPTION_INVALID', { udid: '../../etc' }],
    ['more anomalies than attachments', 'OPTION_INVALID', { attachments: 2, anomalies: { noPath: 3 } }],
    [
      'undecodable edits where there are no edits',
      'OPTION_INVALID',
      { schema: 'ios-11', anomalies: { undecodableEdits: 1 } },
    ],
    ['half a message', 'OPTION_INVALID', { messages: 1.5 }],
    ['more anomalies than calls', 'OPTION_INVALID', { calls: 1, anomalies: { unreadableCalls: 2 } }],
    [
      'more anomalies than voicemails',
      'OPTION_INVALID',
      { voicemails: 2, anomalies: { recordingsNotInBackup: 2, recordingsBlobMissing: 1 } },
    ],
    ['one app twice', 'OPTION_INVALID', { whatsApp: [{ messages: 1 }, { app: 'WhatsApp', messages: 1 }] }],
  ]
  test.each(refused)('refuse %s', async (_what, code, change) => {
    const made = makeSyntheticBackup({ ...small, into: folder, seed: 7, ...change })
    await expect(made).rejects.toMatchObject({ code })
    expect(readdirSync(folder)).toEqual([])
  })

  test('refuse a misspelling, also inside', async () => {
    const misspelt = { ...small, into: folder, seed: 7, atachments: 3 }
    await expect(makeSyntheticBackup(misspelt)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
    const inside = { ...small, into: folder, seed: 7, anomalies: { ...noAnomalies, noPaths: 3 } }
    await expect(makeSyntheticBackup(inside)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
  })

  test('refuse to write over something, and to write the truth into the backup', async () => {
    const udid = '0123456789abcdef0123456789abcdef01234567'
    await mkdir(join(folder, udid))
    const options = { ...small, into: folder, seed: 7, udid }
    await expect(makeSyntheticBackup(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(existsSync(join(folder, udid))).toBe(true)
    const truthFile = join(folder, 'new', udid, 'truth.jsonl')
    const inside = makeSyntheticBackup({ ...options, into: join(folder, 'new'), truthFile })
    await expect(inside).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})
