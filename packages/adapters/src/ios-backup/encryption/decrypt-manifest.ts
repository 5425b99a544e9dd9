import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { readSqliteFile } from '../database/sqlite-file.js'
import type { BlobReading } from '../folder/blob-reading.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { manifestName } from '../manifest/manifest.js'
import type { ClassKeys } from './class-keys.js'

/**
 * Decrypts Manifest.db into the scratch folder, in bounded memory (real ones have up to 1.5 GB); resolves with the path.
 *
 * @throws HoldfastError `MANIFEST_DAMAGED` when its key or it itself is damaged, and what reading and the scratch folder throw.
 */
export async function decryptManifest(
  root: string,
  manifestKey: Uint8Array,
  options: {
    readonly classKeys: ClassKeys
    readonly reading: BlobReading
    readonly scratch: ScratchFolder
    readonly signal: AbortSignal
  },
): Promise<string> {
  const { classKeys, reading, scratch, signal } = options
  const key = classKeys.fileKey(manifestKey)
  if (key === null) throw manifestDamaged(root, 'its key is damaged')
  const path = await scratch.write(manifestName, reading.read(join(root, manifestName), key, signal))
  if ((await readSqliteFile(path)) === null) throw manifestDamaged(root, 'what it decrypts to is no database')
  return path
}

function manifestDamaged(root: string, found: string): HoldfastError {
  return new HoldfastError(
    'MANIFEST_DAMAGED',
    `The encrypted list of files (${manifestName}) is damaged: ${found}`,
    {
      hint: 'The password is right. Copy the backup again from where it was made, or make a new one.',
      retryable: false,
      facts: { path: root },
    },
  )
}
