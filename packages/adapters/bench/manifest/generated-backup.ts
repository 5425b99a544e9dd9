import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generations } from '../../src/testing/synthetic-backup/folder/generations.js'
import type { ManifestWriter } from '../../src/testing/synthetic-backup/folder/manifest-writer.js'
import {
  infoPlist,
  manifestPlist,
  statusPlist,
} from '../../src/testing/synthetic-backup/folder/property-lists.js'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { type BackupFile, fileId } from '../../src/testing/synthetic-backup/well-known-files.js'

/** The file of a row: the same at each call. Paths are about as long, and domains about as many, as on a phone. */
export function generatedFile(index: number): BackupFile {
  const app = 100 + ((Math.imul(index, 0x9e3779b1) >>> 0) % 400)
  const domain =
    app < 140 ? ['HomeDomain', 'MediaDomain', 'CameraRollDomain', 'RootDomain'][app % 4] : undefined
  return {
    domain: domain ?? `AppDomainGroup-group.com.example.application${app}`,
    relativePath: `Library/Application Support/${app}/storage/${String(index).padStart(9, '0')}/content.dat`,
  }
}

/** What a file holds, where it has a blob. */
function contentOf(index: number): Buffer {
  return Buffer.from(`content ${String(index).padStart(9, '0')}`)
}

/**
 * Adds as many files to a manifest and finishes it, one row in three with the extended attributes that photos have, so that a million rows take
 * more than a gigabyte as on phones. With `blobs`, also a small blob for each file, and the property lists.
 */
export function generateBackup(
  root: string,
  options: { readonly files: number; readonly manifest: ManifestWriter; readonly blobs: boolean },
): void {
  const { files, manifest, blobs } = options
  const attributes = new Random('generated manifest').bytes(400)
  if (blobs) {
    for (let each = 0; each < 256; each++) mkdirSync(join(root, each.toString(16).padStart(2, '0')))
  }
  for (let index = 0; index < files; index++) {
    const file = generatedFile(index)
    const content = contentOf(index)
    manifest.add(file, 'file', {
      relativePath: file.relativePath,
      size: content.length,
      mode: 0o100644,
      modified: 1_700_000_000,
      changed: 1_700_000_030,
      born: 1_600_000_000,
      inode: 4000,
      userId: 501,
      groupId: 501,
      protectionClass: 3,
      ...(index % 2 === 0 ? { digest: createHash('sha1').update(content).digest() } : {}),
      ...(index % 3 === 0 ? { extendedAttributes: attributes } : {}),
    })
    if (blobs) writeFileSync(join(root, manifest.blobName(fileId(file))), content)
  }
  manifest.finish()
  if (blobs) writePropertyLists(root)
}

function writePropertyLists(root: string): void {
  const generation = generations['ios-18']
  const identity = {
    udid: '00008120-0000000000000001',
    deviceName: 'Generated iPhone',
    serialNumber: '000000000001',
    phoneNumber: '+1 (555) 200-0001',
    uuid: '00000000-0000-4000-8000-000000000001',
    generation,
  }
  writeFileSync(join(root, 'Info.plist'), infoPlist(identity))
  writeFileSync(join(root, 'Manifest.plist'), manifestPlist(identity))
  writeFileSync(join(root, 'Status.plist'), statusPlist({ uuid: identity.uuid, takenAt: generation.takenAt }))
}
