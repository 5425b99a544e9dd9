import type { Manifest } from '../manifest/manifest.js'
import type { BlobCensus } from './blob-census.js'

/** What one domain of the phone holds in the backup. */
export type DomainContents = {
  readonly domain: string
  readonly files: number
  /** Bytes as the phone counted them. */
  readonly bytes: number
}

/** What the manifest lists, and how much of it is on disk; plain JSON. */
export type ListedContents = {
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  /** Bytes of all files as the phone counted them; files whose size is not said count as 0. */
  readonly bytes: number
  /** Files that the manifest says have content, and the disk does not hold. */
  readonly missingBlobs: number
  /** Bytes of those as the phone counted them. */
  readonly missingBytes: number
  /** Blobs on disk that the manifest does not list. */
  readonly unlistedBlobs: number
  /** Files whose blob can be checked: the manifest carries their SHA-1, and the blob is there. */
  readonly withDigest: number
  /** Files whose details cannot be decoded. */
  readonly undecodable: number
  /** By domain, largest first. What is beyond the {@link mostDomains} first ones that the manifest names is under `''`. */
  readonly domains: readonly DomainContents[]
}

/** A phone has a few hundred domains, one or more for each app. A manifest that was made to hurt could name millions. */
export const mostDomains = 10_000

/**
 * Walks the manifest once and counts what it lists, in bounded memory. Throws as `Manifest.entries`.
 *
 * A missing blob counts only where content is lost with it: whether phones write blobs for files of no bytes is not known.
 */
export async function countListed(
  manifest: Manifest,
  census: BlobCensus,
  signal: AbortSignal,
): Promise<ListedContents> {
  const domains = new Map<string, { files: number; bytes: number }>()
  const sum = { files: 0, directories: 0, symlinks: 0, bytes: 0, missingBlobs: 0, missingBytes: 0 }
  let withDigest = 0
  let undecodable = 0
  for await (const page of manifest.entries(signal)) {
    for (const { kind, domain, fileId, details } of page) {
      if (kind === 'directory') sum.directories++
      else if (kind === 'symlink') sum.symlinks++
      if (kind !== 'file') continue
      const file = details()
      const bytes = Math.max(0, file?.size ?? 0)
      const contents = domainOf(domains, domain)
      contents.files++
      contents.bytes += bytes
      sum.files++
      sum.bytes += bytes
      if (file === null) undecodable++
      if (census.claim(fileId)) {
        if (file !== null && file.sha1 !== null) withDigest++
      } else if (file?.size !== 0) {
        sum.missingBlobs++
        sum.missingBytes += bytes
      }
    }
  }
  return {
    ...sum,
    unlistedBlobs: census.unclaimed,
    withDigest,
    undecodable,
    domains: [...domains]
      .map(([domain, contents]) => ({ domain, ...contents }))
      .sort((a, b) => b.bytes - a.bytes || b.files - a.files || (a.domain < b.domain ? -1 : 1)),
  }
}

/** Of {@link countListed} what says whether files are missing: the details of a file are looked at only where it is. Throws as that. */
export async function countMissing(
  manifest: Manifest,
  census: BlobCensus,
  signal: AbortSignal,
): Promise<Pick<ListedContents, 'files' | 'missingBlobs'>> {
  let files = 0
  let missingBlobs = 0
  for await (const page of manifest.entries(signal)) {
    for (const { kind, fileId, details } of page) {
      if (kind !== 'file') continue
      files++
      if (!census.claim(fileId) && details()?.size !== 0) missingBlobs++
    }
  }
  return { files, missingBlobs }
}

function domainOf(
  domains: Map<string, { files: number; bytes: number }>,
  domain: string,
): { files: number; bytes: number } {
  const name = domains.has(domain) || domains.size < mostDomains ? domain : ''
  const known = domains.get(name) ?? { files: 0, bytes: 0 }
  domains.set(name, known)
  return known
}
