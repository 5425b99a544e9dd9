import type { PhoneEntry, PhoneTree } from '../phone-tree/phone-tree.js'
import type { NewManifest } from './new-manifest.js'
import type { OldManifest } from './old-manifest.js'

/** A batch is full with this many files, or this many bytes. */
const batchFiles = 256
const batchBytes = 32 * 1024 ** 2

/** What a backup is to send. */
export interface UploadPlan {
  readonly files: readonly PhoneEntry[]
  readonly bytes: number
}

/**
 * Compares the phone with the backup before: what is as it was is taken over into the new manifest, folders and symlinks are written
 * there anew, and the files that are left are to be sent.
 */
export function planUpload(tree: PhoneTree, before: OldManifest | null, manifest: NewManifest): UploadPlan {
  const files: PhoneEntry[] = []
  for (const entry of tree.entries()) {
    const row = before?.unchanged(entry) ?? null
    if (row !== null) manifest.keep(row)
    else if (entry.kind === 'file') files.push(entry)
    else manifest.add(entry, null)
  }
  return { files, bytes: files.reduce((sum, { content }) => sum + content.size, 0) }
}

/** The files in batches, each of which is sent behind one command. */
export function* batches(
  files: readonly PhoneEntry[],
): Generator<{ readonly files: PhoneEntry[]; readonly bytes: number }> {
  let batch: PhoneEntry[] = []
  let bytes = 0
  for (const file of files) {
    batch.push(file)
    bytes += file.content.size
    if (batch.length < batchFiles && bytes < batchBytes) continue
    yield { files: batch, bytes }
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield { files: batch, bytes }
}
