import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openContents } from '../../src/ios-backup/encryption/open-contents.js'
import { findBackup } from '../../src/ios-backup/folder/backup-layout.js'
import { BlobReading } from '../../src/ios-backup/folder/blob-reading.js'
import { ScratchFolder } from '../../src/ios-backup/folder/scratch-folder.js'
import { readBackupPlists } from '../../src/ios-backup/folder/wholeness.js'
import { openTestSqlite, type PhoneTree } from '../../src/testing/index.js'

/** Every file that a backup lists, by `domain-path`, as our own reader reads it: SHA-256 and bytes of each; null for one that cannot be read. */
export async function readWholeBackup(
  folder: string,
  password: string | null = null,
): Promise<ReadonlyMap<string, string | null>> {
  const { signal } = new AbortController()
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-read-'))
  const reading = new BlobReading()
  const found = await findBackup(folder)
  const contents = await openContents(found, await readBackupPlists(found.root), {
    openSqlite: openTestSqlite,
    scratch,
    folder: new ScratchFolder(scratch),
    reading,
    vaults: [],
    signal,
    ...(password === null ? {} : { ask: async () => password }),
  })
  const { manifest, blobs } = contents
  const files = new Map<string, string | null>()
  try {
    for await (const page of manifest.entries(signal)) {
      for (const { domain, relativePath, kind, fileId } of page) {
        if (kind !== 'file') continue
        const blob = await blobs.locate(fileId)
        const digest = blob.blob === null ? null : await blobs.digest(blob.blob, signal)
        files.set(`${domain}-${relativePath}`, digest === null ? null : `${digest.sha256} ${digest.bytes}`)
      }
    }
  } finally {
    manifest.close()
    await reading.close()
    await rm(scratch, { recursive: true, force: true })
  }
  return files
}

/** Every file of a phone, in the same form. */
export async function readTree(tree: PhoneTree): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  for (const { domain, relativePath, content } of tree.files()) {
    const hash = createHash('sha256')
    for await (const piece of content.read()) hash.update(piece)
    files.set(`${domain}-${relativePath}`, `${hash.digest('hex')} ${content.size}`)
  }
  return files
}
