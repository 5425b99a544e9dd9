import { tmpdir } from 'node:os'
import { isAbsolute, relative, resolve, sep } from 'node:path'

import { HoldfastError } from '@holdfast/core'
import type { OpenBackup, OpenRequest } from '@holdfast/core/import'
import type { OpenSqlite } from '../sqlite/driver.js'
import type { KeyVault } from './encryption/key-vault.js'
import { openContents } from './encryption/open-contents.js'
import { findBackup } from './folder/backup-layout.js'
import { BlobReading } from './folder/blob-reading.js'
import { Blobs } from './folder/blobs.js'
import type { FingerprintMemory } from './folder/fingerprint-memory.js'
import { textAt } from './folder/plist-file.js'
import { ScratchFolder } from './folder/scratch-folder.js'
import { sweepScratch } from './folder/scratch-record.js'
import { sourceIdentity } from './folder/source-identity.js'
import { stampFiles } from './folder/stamp.js'
import { judgeWholeness, readBackupPlists, refuseUnfinished } from './folder/wholeness.js'
import type { BackupPart } from './parts/backup-part.js'
import { openParts } from './parts/open-parts.js'
import { backupSource } from './parts/part-source.js'
import { PlainBackup } from './plain-backup.js'

/** What opening needs from the host. */
export interface OpenOptions extends Omit<OpenRequest, 'parts'> {
  readonly openSqlite: OpenSqlite
  /** Folder for private copies of databases; null for the system's own, which is not for what is decrypted. */
  readonly scratch: string | null
  /** Whether what lay there is overwritten before it is removed. */
  readonly overwriteScratch: boolean
  /** What is read of it, in reading order. */
  readonly chosen: readonly BackupPart[]
  /** Where the key of an encrypted backup is looked for, and kept. */
  readonly vaults: readonly KeyVault[]
  readonly fingerprints: FingerprintMemory
}

/** Opens the backup at a path: the contract is that of `BackupReader.open`. */
export async function openBackup(path: string, options: OpenOptions): Promise<OpenBackup> {
  const { openSqlite, signal } = options
  signal.throwIfAborted()
  const found = await findBackup(path)
  const { root } = found
  refuseScratchInside(root, options.scratch)
  const plists = await readBackupPlists(root)
  const { wholeness, remarks } = refuseUnfinished(await judgeWholeness(root, plists), root)
  await new Blobs(root).checkFolders()
  const removal = { overwrite: options.overwriteScratch }
  await sweepScratch(options.scratch ?? tmpdir(), removal)
  const scratch = new ScratchFolder(options.scratch, removal)
  const reading = new BlobReading()
  // What is open already, and must be closed again when what follows fails. Called in reverse order.
  const closers: (() => void | Promise<void>)[] = [() => scratch.remove(), () => reading.close()]
  const close = () => closeAll(closers)
  try {
    // Before anything is copied or read: what changes afterwards makes the fingerprint differ when the backup is to be released.
    const fingerprint = await options.fingerprints.take(root, signal)
    const fileStamp = options.fileStamp === true ? await stampFiles(root, signal) : null
    const contents = await openContents(found, plists, { ...options, folder: scratch, reading })
    const { manifest, blobs } = contents
    closers.push(() => manifest.close())
    const source = backupSource({
      ownNumber: textAt(plists.info, 'Phone Number'),
      manifest,
      blobs,
      scratch,
      openSqlite,
      signal,
      fingerprint,
      closers,
    })
    const { parts, tables, totals } = await openParts(options.chosen, source, signal)
    return new PlainBackup({
      source: {
        fingerprint: fingerprint.fingerprint,
        ...sourceIdentity(root, plists),
        encrypted: contents.encrypted,
        wholeness,
        remarks: [...remarks, ...contents.remarks, ...parts.flatMap((part) => part.remarks)],
        parts: parts.flatMap((part) => part.states),
      },
      totals,
      tables,
      parts,
      blobs,
      fileStamp,
      close,
    })
  } catch (thrown) {
    await close()
    throw thrown
  }
}

/** A private copy inside the backup would change it. */
function refuseScratchInside(root: string, scratch: string | null): void {
  if (scratch === null) return
  const way = relative(root, resolve(scratch))
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return
  throw new HoldfastError('DESTINATION_UNSAFE', 'The scratch folder lies inside the backup', {
    hint: 'Name a scratch folder outside of the backup, which is never changed.',
    retryable: false,
    facts: { path: root, scratch },
  })
}

async function closeAll(closers: (() => void | Promise<void>)[]): Promise<void> {
  for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer()
}
