import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { makeSyntheticBackup } from '@holdfast/adapters/testing'
import type { AttachmentRecord, ContentDigest, OpenBackup } from '@holdfast/core/import'
import { alternate, ratios, spread } from '../engine/passes.js'
import { figure, print, printTable, ratio } from '../engine/table.js'
import { bareSpeed } from './bare-loop.js'
import { openEncrypted, password } from './open-encrypted.js'
import { peerSpeed } from './peer.js'

/** Attachments that are read at the same time, as the library stores them. */
const atOnce = 8
const { signal } = new AbortController()

/** How much is measured. */
export interface DecryptingOptions {
  readonly attachments: number
  readonly bytesOfEach: number
  readonly passes: number
  /** Command of another program, as `peerSpeed` takes it. */
  readonly peer: string | undefined
}

/** Megabytes a second of every attachment read, decrypted, hashed and written, beside bare loops, and beside another program. */
export async function measureDecrypting(folder: string, options: DecryptingOptions): Promise<void> {
  const { attachments, bytesOfEach, passes, peer } = options
  const { path } = await makeSyntheticBackup({
    into: join(folder, 'large'),
    seed: 2,
    messages: attachments * 2,
    attachments,
    attachmentBytes: { mean: bytesOfEach, large: bytesOfEach, largeEvery: 1 },
    anomalies: { notInBackup: 0, noPath: 0, isDirectory: 0, invalidPath: 0 },
    encryption: { password },
  })
  const backup = await openEncrypted(path, folder)
  const delays: number[] = []
  try {
    const records = await attachmentsOf(backup)
    const sources = blobsIn(path, bytesOfEach)
    /** In a new folder each time, which is gone before the next thing is measured. */
    const into = async (measure: (target: string) => number | Promise<number>): Promise<number> => {
      const target = join(folder, 'target')
      mkdirSync(target)
      try {
        return await measure(target)
      } finally {
        rmSync(target, { recursive: true })
      }
    }
    const speeds = await alternate(passes, {
      one: () => into((target) => bareSpeed(sources, target, 1)),
      two: () => into((target) => bareSpeed(sources, target, 2)),
      written: () => into((target) => writtenSpeed(backup, records, target, delays)),
      copied: () => into((target) => copiedSpeed(backup, records, target)),
      stored: () => into((target) => storedSpeed(backup, records, target)),
      hashed: () => hashedSpeed(backup, records),
      peer: () => (peer === undefined ? Number.NaN : into((target) => peerSpeed(peer, path, target))),
    })
    const row = (label: string, values: readonly number[]): readonly string[] => [
      label,
      spread(values, figure),
      ...[speeds.one, speeds.two, ...(peer === undefined ? [] : [speeds.peer])].map((floor) =>
        spread(ratios(values, floor), ratio),
      ),
    ]
    printTable(
      [
        `${figure(records.length)} files of ${figure(bytesOfEach)} bytes, median of ${passes} passes (least–most)`,
        'MB/s',
        '/ bare, one core',
        '/ bare, two cores',
        ...(peer === undefined ? [] : ['/ peer']),
      ],
      [
        row('floor: bare loop, one core', speeds.one),
        row('floor: bare loops, two cores', speeds.two),
        ...(peer === undefined ? [] : [row('peer: decrypted and written, not hashed', speeds.peer)]),
        row(`\`content()\`, hashed and written, ${atOnce} at a time`, speeds.written),
        row(`\`copyContent()\`, ${atOnce} at a time`, speeds.copied),
        row(`the same into the library's folder, each file synced, which the floors do not`, speeds.stored),
        row(`\`digest()\`, ${atOnce} at a time; nothing is written`, speeds.hashed),
      ],
    )
    // The first is of the warm-up.
    print(
      `longest delay of the loop under \`content()\`, median of passes: ${spread(delays.slice(1), (value) => value.toFixed(1))} ms`,
    )
  } finally {
    await backup.close()
  }
}

async function attachmentsOf(backup: OpenBackup): Promise<readonly AttachmentRecord[]> {
  const found: AttachmentRecord[] = []
  for await (const { records } of backup.read({ after: null, batchSize: 1000, signal })) {
    for (const record of records) {
      if (record.type === 'attachment' && record.unavailable === null) found.push(record)
    }
  }
  return found
}

/** The blobs of attachments: those of their size. */
function blobsIn(path: string, bytesOfEach: number): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => Math.abs(statSync(name).size - bytesOfEach) < 64 && statSync(name).isFile())
}

/** Calls `work` for every record, some at a time; gives megabytes a second of the bytes that it resolves with. */
async function speedOf(
  records: readonly AttachmentRecord[],
  work: (record: AttachmentRecord, index: number) => Promise<number>,
): Promise<number> {
  const since = performance.now()
  const queue = records.entries()
  let bytes = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const [index, record] of queue) {
        const read = await work(record, index)
        bytes += read
      }
    }),
  )
  return bytes / 1e6 / ((performance.now() - since) / 1000)
}

async function writtenSpeed(
  backup: OpenBackup,
  records: readonly AttachmentRecord[],
  target: string,
  delays: number[],
): Promise<number> {
  // A new one each time: one that is enabled again counts what lies between as a delay.
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  await delay(20)
  const speed = await speedOf(records, (record, index) =>
    throughContent(backup, record, join(target, String(index))),
  )
  loop.disable()
  // The monitor's own timer is set for a millisecond, which is no delay.
  delays.push(Math.max(0, loop.max / 1e6 - 1))
  return speed
}

function copy(backup: OpenBackup, record: AttachmentRecord, path: string): Promise<ContentDigest> {
  if (backup.copyContent === undefined) throw new Error('The reader writes no contents')
  return backup.copyContent(record, path, signal)
}

function copiedSpeed(
  backup: OpenBackup,
  records: readonly AttachmentRecord[],
  target: string,
): Promise<number> {
  return speedOf(
    records,
    async (record, index) => (await copy(backup, record, join(target, String(index)))).bytes,
  )
}

/** As the library receives the content of encrypted attachments, before it names what it has received. */
function storedSpeed(
  backup: OpenBackup,
  records: readonly AttachmentRecord[],
  target: string,
): Promise<number> {
  const files = attachmentFiles(join(target, 'attachments'))
  return speedOf(records, async (record) => {
    const received = await files.receiveWritten?.((path) => copy(backup, record, path), signal)
    if (received === undefined) throw new Error('The folder has nothing written')
    return received.bytes
  })
}

function hashedSpeed(backup: OpenBackup, records: readonly AttachmentRecord[]): Promise<number> {
  return speedOf(records, async (record) => (await backup.digest(record, signal)).bytes)
}

async function throughContent(backup: OpenBackup, record: AttachmentRecord, target: string): Promise<number> {
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(target, 'wx', 0o600)
  try {
    for await (const chunk of backup.content(record, signal)) {
      hash.update(chunk)
      bytes += chunk.length
      await file.write(chunk)
    }
  } finally {
    await file.close()
  }
  hash.digest()
  return bytes
}
