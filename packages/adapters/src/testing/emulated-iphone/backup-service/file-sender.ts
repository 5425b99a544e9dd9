import { createHash } from 'node:crypto'
import type { BackupEncryption } from '../../synthetic-backup/folder/encryption.js'
import type { PhoneContent } from '../phone-tree/phone-content.js'
import type { SentFile } from './new-manifest.js'
import type { OutgoingFiles } from './outgoing-files.js'
import { PhoneFailure } from './phone-failure.js'

/** How files are sent. */
export interface Sending {
  readonly files: OutgoingFiles
  /** Null for a plain backup. */
  readonly encryption: BackupEncryption | null
  /** Whether the manifest is to have a digest of what was sent. */
  readonly withDigest: boolean
  /** Told when the first piece was sent; what it throws ends the file as one that could not be read. */
  readonly onFirstPiece?: () => Promise<void>
  /** Words with which the phone gives the file up behind its first piece. */
  readonly problem?: string | undefined
}

/** Sends a file of the phone; gives what the manifest is to say of it. */
export async function sendContent(
  { files, encryption, withDigest, onFirstPiece, problem }: Sending,
  place: { readonly devicePath: string; readonly path: string },
  content: PhoneContent,
): Promise<SentFile> {
  const hash = withDigest ? createHash('sha1') : null
  const begun = encryption?.beginFile() ?? null
  const send = async (bytes: Uint8Array): Promise<void> => {
    hash?.update(bytes)
    await files.data(bytes)
  }
  await files.begin(place.devicePath, place.path)
  try {
    let isFirst = true
    for await (const piece of content.read()) {
      await send(begun === null ? piece : begun.cipher.update(piece))
      if (isFirst) {
        isFirst = false
        if (onFirstPiece !== undefined) {
          await files.flush()
          await onFirstPiece()
        }
        if (problem !== undefined) break
      }
    }
    if (begun !== null && problem === undefined) await send(begun.cipher.final())
  } catch (error) {
    // The stream stays in step: the host is told that the file is not whole.
    if (error instanceof PhoneFailure) await files.end(error.message)
    throw error
  }
  await files.end(problem)
  const key =
    begun === null ? null : { protectionClass: begun.protectionClass, encryptionKey: begun.encryptionKey }
  return { digest: hash?.digest() ?? null, key }
}
