/**
 * Unlocking and decrypting, beside what node:crypto does by itself in the same run:
 *   npm run bench:encryption -- [attachments] [bytes of each]
 *
 * Unlocking: opening a small encrypted backup with the 10,000,000 rounds of a real phone, beside the two bare PBKDF2, in turns; and how
 * late a timer of the host comes meanwhile. Decrypting: every attachment through `content()` into a file with its SHA-256, eight at a
 * time, beside a loop on one core that reads, decrypts, hashes and writes each file synchronously with node:crypto and nothing else.
 */
import { createDecipheriv, createHash, pbkdf2, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { makeSyntheticBackup, openTestSqlite } from '@holdfast/adapters/testing'
import type { AttachmentRecord, OpenBackup } from '@holdfast/core/import'

const password = 'correct horse'
const realIterations = 10_000_000
const passes = 3
const atOnce = 8
const { signal } = new AbortController()
const [attachments = 1200, bytesOfEach = 208 * 1024] = process.argv.slice(2).map(Number)
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const derive = promisify(pbkdf2)
const bareKey = randomBytes(32)
const bareIv = Buffer.alloc(16)

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
try {
  print(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
  )
  await measureUnlocking()
  await measureDecrypting()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measureUnlocking(): Promise<void> {
  const { path } = await makeSyntheticBackup({
    into: join(folder, 'small'),
    seed: 1,
    messages: 20,
    attachments: 2,
    encryption: { password, iterations: realIterations },
  })
  const ratios: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    const bare = await timed(async () => {
      const first = await derive(password, randomBytes(20), realIterations, 32, 'sha256')
      await derive(first, randomBytes(20), 10_000, 32, 'sha1')
    })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const opened = await timed(async () => (await openWith(path)).close())
    delay.disable()
    ratios.push(opened / bare)
    print(
      `unlocking: ${opened.toFixed(2)} s, bare PBKDF2 ${bare.toFixed(2)} s, ratio ${(opened / bare).toFixed(3)}; longest delay of the event loop ${(delay.max / 1e6).toFixed(1)} ms`,
    )
  }
  print(`unlocking: median ratio ${median(ratios).toFixed(3)}`)
}

async function measureDecrypting(): Promise<void> {
  const common = {
    seed: 2,
    messages: attachments * 2,
    attachments,
    attachmentBytes: { mean: bytesOfEach, large: bytesOfEach, largeEvery: 1 },
    anomalies: { notInBackup: 0, noPath: 0, isDirectory: 0, invalidPath: 0 },
  }
  const { path } = await makeSyntheticBackup({
    ...common,
    into: join(folder, 'large'),
    encryption: { password },
  })
  const backup = await openWith(path)
  try {
    const records = await attachmentsOf(backup)
    const names = blobsIn(path)
    const ratios: number[] = []
    for (let pass = 0; pass < passes; pass++) {
      const target = join(folder, `pass ${pass}`)
      mkdirSync(target)
      let bytes = 0
      const bare = await timed(() => {
        for (const [index, name] of names.entries()) bytes += bareFile(name, join(target, `bare ${index}`))
      })
      let read = 0
      const ours = await timed(async () => {
        const queue = records.entries()
        await Promise.all(
          Array.from({ length: atOnce }, async () => {
            for (const [index, record] of queue) {
              const got = await throughContent(backup, record, join(target, `${index}`))
              read += got
            }
          }),
        )
      })
      // An attachment on two messages is read twice, and some share their content.
      const perByte = (ours / read) * bytes
      rmSync(target, { recursive: true })
      ratios.push(bare / perByte)
      print(
        `decrypting ${records.length} files, ${(read / 1e6).toFixed(0)} MB: ${ours.toFixed(2)} s, bare loop over ${(bytes / 1e6).toFixed(0)} MB ${bare.toFixed(2)} s, ${(bare / perByte).toFixed(2)} of its speed`,
      )
    }
    print(`decrypting: median ${median(ratios).toFixed(2)} of the bare loop's speed`)
  } finally {
    await backup.close()
  }
}

function openWith(path: string): Promise<OpenBackup> {
  const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(folder, 'scratch') })
  return reader.open(path, { signal, ask: async () => password })
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
function blobsIn(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => Math.abs(statSync(name).size - bytesOfEach) < 64 && statSync(name).isFile())
}

/** One file the way that nothing can be left out of: with any key, because the time does not depend on it. */
function bareFile(source: string, target: string): number {
  const decipher = createDecipheriv('aes-256-cbc', bareKey, bareIv).setAutoPadding(false)
  const hash = createHash('sha256')
  const ciphertext = readFileSync(source)
  const parts: Buffer[] = []
  // Pieces above 128 KiB would get memory from the system each time, which is slower.
  for (let at = 0; at < ciphertext.length; at += 65_536) {
    const part = decipher.update(ciphertext.subarray(at, at + 65_536))
    hash.update(part)
    parts.push(part)
  }
  hash.digest()
  writeFileSync(target, Buffer.concat(parts))
  return ciphertext.length
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

async function timed(work: () => Promise<void> | void): Promise<number> {
  const since = performance.now()
  await work()
  return (performance.now() - since) / 1000
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
