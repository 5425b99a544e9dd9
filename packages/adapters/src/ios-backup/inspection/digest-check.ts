import { createHash } from 'node:crypto'
import { readFileChunks } from '../folder/backup-file.js'
import type { Blobs } from '../folder/blobs.js'
import type { ListedEntry, Manifest } from '../manifest/manifest.js'

/** How far the check of the digests has come. */
export type DigestProgress = {
  /** Files checked, of `total`. */
  readonly done: number
  readonly total: number
}

/** What holding blobs against their SHA-1 in the manifest has shown; plain JSON. */
export type DigestCheck = {
  /** Files whose blob was read and hashed. */
  readonly checked: number
  /** Those of them whose blob is not what the phone wrote. */
  readonly different: number
  /** The first of these, `domain-relativePath`. */
  readonly examples: readonly string[]
}

const mostExamples = 20
/** Reading waits for the disk and hashing for a processor: a few at a time keep both busy. */
const atOnce = 4

/**
 * Reads every blob whose SHA-1 the manifest carries, as it is stored (ciphertext in an encrypted backup), and compares. The phone
 * itself does so when a backup is restored. Throws as `Manifest.entries` and `readFileChunks`.
 */
export async function checkDigests(
  manifest: Manifest,
  blobs: Blobs,
  options: {
    readonly total: number
    readonly signal: AbortSignal
    readonly onProgress: (progress: DigestProgress) => void
  },
): Promise<DigestCheck> {
  const { total, signal, onProgress } = options
  const examples: string[] = []
  let checked = 0
  let different = 0
  const check = async (entry: ListedEntry): Promise<void> => {
    const expected = entry.kind === 'file' ? (entry.details()?.sha1 ?? null) : null
    const blob = expected === null ? null : await blobs.find(entry.fileId)
    if (blob === null) return
    const hash = createHash('sha1')
    for await (const chunk of readFileChunks(blob.path, signal, true)) hash.update(chunk)
    checked++
    if (hash.digest('hex') !== expected) {
      different++
      if (examples.length < mostExamples) examples.push(`${entry.domain}-${entry.relativePath}`)
    }
    onProgress({ done: checked, total })
  }
  for await (const page of manifest.entries(signal)) {
    const waiting = page.values()
    const work = async () => {
      for (const entry of waiting) await check(entry)
    }
    await Promise.all(Array.from({ length: atOnce }, work))
  }
  return { checked, different, examples: examples.sort() }
}
