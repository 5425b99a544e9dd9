import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import type { OpenSqlite } from '../../../sqlite/driver.js'
import { openTestSqlite } from '../../open-sqlite.js'
import { Random } from '../random.js'
import { type BackupFile, blobName, fileId, messagesFile } from '../well-known-files.js'
import { field } from './encryption.js'
import { generations } from './generations.js'
import { manifestPlist, statusPlist } from './property-lists.js'

/*
 * Ways in which backups arrive broken, each done to a synthetic backup in place. `backup` is the path of the backup's own
 * folder (the one that holds Manifest.db).
 */

/** Path of a file's blob: with the manifest of iOS 9 and older it lies in the backup's folder itself. */
export function blobPath(backup: string, file: BackupFile): string {
  const id = fileId(file)
  return join(backup, existsSync(join(backup, 'Manifest.mbdb')) ? id : blobName(id))
}

/** Path of the list of files. */
function manifestPath(backup: string): string {
  const old = join(backup, 'Manifest.mbdb')
  return existsSync(old) ? old : join(backup, 'Manifest.db')
}

/** Cuts the manifest off in the middle of a page, as when the disk filled up. */
export async function truncateManifest(backup: string): Promise<void> {
  await cut(manifestPath(backup), 0.5)
}

/** Fills the manifest with noise of the same size: not a manifest any more. */
export async function overwriteManifest(backup: string): Promise<void> {
  await fillWithNoise(manifestPath(backup))
}

/** Removes the manifest. */
export async function removeManifest(backup: string): Promise<void> {
  await rm(manifestPath(backup))
}

/** Removes the blob of a file that the manifest goes on to list. */
export async function removeBlob(backup: string, file: BackupFile = messagesFile): Promise<void> {
  await rm(blobPath(backup, file))
}

/** Takes a file out of a backup that has Manifest.db: blob and row. */
export async function removeFile(
  backup: string,
  file: BackupFile,
  openSqlite: OpenSqlite = openTestSqlite,
): Promise<void> {
  changeManifest(backup, openSqlite, 'DELETE FROM Files WHERE fileID = ?', [fileId(file)])
  await removeBlob(backup, file)
}

/**
 * Tears a database blob: `cut` loses its last 40 per cent, `zeroed` has zeros over the whole pages of its middle third, `noise` is
 * no database any more. Header and size of a zeroed one are as before.
 */
export async function tearDatabase(
  backup: string,
  how: 'cut' | 'zeroed' | 'noise',
  file: BackupFile = messagesFile,
): Promise<void> {
  const path = blobPath(backup, file)
  if (how === 'cut') await cut(path, 0.6)
  else if (how === 'noise') await fillWithNoise(path)
  else await zeroMiddle(path)
}

/** Says in Status.plist that the phone did not finish. */
export async function markUnfinished(backup: string): Promise<void> {
  const status = statusPlist(
    { uuid: '00000000-0000-4000-8000-000000000000', takenAt: generations['ios-18'].takenAt },
    'uploading',
  )
  await writeFile(join(backup, 'Status.plist'), status)
}

/** Adds the folder in which a phone keeps what it has not put in its place yet. */
export async function addSnapshotFolder(backup: string): Promise<void> {
  await mkdir(join(backup, 'Snapshot', '3d'), { recursive: true })
  await writeFile(join(backup, 'Snapshot', blobName(fileId(messagesFile))), 'half of a file')
}

/** Empties Manifest.plist, as an aborted run leaves it. */
export async function emptyManifestPlist(backup: string): Promise<void> {
  await writeFile(join(backup, 'Manifest.plist'), '')
}

/**
 * Makes the backup look encrypted: IsEncrypted, a key bag and a wrapped key in Manifest.plist, and bytes like ciphertext in
 * Manifest.db. There is no password that opens it.
 */
export async function markEncrypted(backup: string): Promise<void> {
  const random = new Random(`encrypted ${basename(backup)}`)
  const identity = {
    udid: basename(backup),
    deviceName: 'Zoë’s iPhone',
    serialNumber: random.hex(12).toUpperCase(),
    phoneNumber: '+1 (555) 200-0001',
    uuid: random.uuid(),
    generation: generations['ios-18'],
  }
  const manifestKey = Buffer.concat([Buffer.from([3, 0, 0, 0]), random.bytes(40)])
  await writeFile(
    join(backup, 'Manifest.plist'),
    manifestPlist(identity, { keyBag: keyBag(random), manifestKey }),
  )
  const manifest = join(backup, 'Manifest.db')
  const size = (await readFile(manifest)).length
  await writeFile(manifest, random.bytes(Math.ceil((size + 1) / 16) * 16))
}

/** Gives a file's row in Manifest.db another `fileID`, such as one with `../` that names a file outside the backup. */
export function rewriteFileId(
  backup: string,
  id: string,
  file: BackupFile = messagesFile,
  openSqlite: OpenSqlite = openTestSqlite,
): void {
  changeManifest(backup, openSqlite, 'UPDATE Files SET fileID = ? WHERE fileID = ?', [id, fileId(file)])
}

/** Puts a symlink to `target` in the place of a blob. */
export async function replaceBlobBySymlink(
  backup: string,
  target: string,
  file: BackupFile = messagesFile,
): Promise<void> {
  await removeBlob(backup, file)
  await symlink(target, blobPath(backup, file))
}

function changeManifest(backup: string, openSqlite: OpenSqlite, sql: string, parameters: string[]): void {
  const path = join(backup, 'Manifest.db')
  if (!existsSync(path)) {
    throw new HoldfastError('OPTION_INVALID', `There is no Manifest.db in ${backup}`, { retryable: false })
  }
  const db = openSqlite(path, { readonly: false })
  try {
    db.prepare(sql).run(...parameters)
  } finally {
    db.close()
  }
}

async function cut(path: string, share: number): Promise<void> {
  const { length } = await readFile(path)
  await truncate(path, Math.floor(length * share) + 100)
}

async function fillWithNoise(path: string): Promise<void> {
  const { length } = await readFile(path)
  await writeFile(path, new Random(`noise for ${basename(path)}`).bytes(length))
}

async function zeroMiddle(path: string): Promise<void> {
  const page = 4096
  const file = await open(path, 'r+')
  try {
    const pages = Math.floor((await file.stat()).size / page)
    const from = Math.max(1, Math.floor(pages / 3))
    const zeros = Buffer.alloc(page * Math.max(1, Math.floor(pages / 3)))
    await file.write(zeros, 0, zeros.length, from * page)
  } finally {
    await file.close()
  }
}

/** A key bag of iOS 10.2 and later whose keys are noise: header, then one wrapped key for each class, 11 down to 1. */
function keyBag(random: Random): Buffer {
  const header = [
    field('VERS', 5),
    field('TYPE', 1),
    field('UUID', random.bytes(16)),
    field('HMCK', random.bytes(40)),
    field('WRAP', 0),
    field('SALT', random.bytes(20)),
    field('ITER', 10_000),
    field('DPWT', 1),
    field('DPIC', 10_000_000),
    field('DPSL', random.bytes(20)),
  ]
  const classes = Array.from({ length: 11 }, (_, index) => [
    field('UUID', random.bytes(16)),
    field('CLAS', 11 - index),
    field('WRAP', 2),
    field('KTYP', 0),
    field('WPKY', random.bytes(40)),
  ])
  return Buffer.concat([...header, ...classes.flat()])
}
