import type { Stats } from 'node:fs'
import { mkdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { removeTree } from '../../backup-folder/remove-tree.js'
import { syncFolder } from '../../backup-folder/sync-folder.js'
import { readPlistFile, textAt } from '../../ios-backup/folder/plist-file.js'
import type { BackupPlaces } from './backup-places.js'
import { linkTree } from './link-tree.js'
import { syncNames } from './not-durable.js'
import { type Rename, renamePatiently } from './rename-patiently.js'
import { statusOf } from './status-of.js'
import { syncTree } from './sync-tree.js'

/** What phones are thought to call the states in which they change what was there before. */
const rearranging = new Set(['moving', 'removing'])

const lists = ['Status.plist', 'Manifest.plist', 'Manifest.db'] as const

/** A backup that is being made. */
export interface WorkingFolder {
  /** The folder that becomes the backup. */
  readonly tree: string
  /** For files that are not whole yet; nothing is in it. */
  readonly incoming: string
  /**
   * `resumed`: an interrupted attempt left it. `linked`: it holds what the present backup does. `empty`: there is no backup yet, or its
   * volume has no hard links.
   */
  readonly origin: 'resumed' | 'linked' | 'empty'
  /** Whether the phone has to be asked for everything: what is there of an earlier backup is not enough to go on from. */
  readonly needsFull: boolean
}

/** How long steps of the work are told. */
export interface Telling {
  readonly signal: AbortSignal
  /** Called now and then, with how many more files are done. */
  readonly files: (count: number) => void
}

/**
 * Makes the folder in which a backup is made, or goes on with what an interrupted attempt left there. The present backup is linked into
 * it file by file, and is itself not touched by anything that the phone does: so a kill at any point leaves it as it was.
 *
 * Where the volume has no hard links (exFAT, some network drives) the working folder begins empty, and the phone sends everything again:
 * that takes the room of two backups, and never leaves half of one.
 *
 * @throws HoldfastError as {@link finishReplacing}; what the file system refuses; the signal's reason.
 */
export async function openWorkingFolder(places: BackupPlaces, telling: Telling): Promise<WorkingFolder> {
  await mkdir(places.folder, { recursive: true })
  await finishReplacing(places)
  const [tree, incoming] = [join(places.making, 'backup'), join(places.making, 'incoming')]
  let origin: WorkingFolder['origin'] = 'resumed'
  if (!(await isOfUse(places, tree))) {
    await clear(places.making)
    origin = await begin(places, telling)
  }
  await clear(incoming)
  await mkdir(incoming, { mode: 0o700 })
  return { tree, incoming, origin, needsFull: await lacksLists(tree) }
}

/**
 * Puts a backup into its place once `check` finds it whole. Everything of it is made durable meanwhile: the one waits for the disk, the
 * other mostly for the processor. Then it is named as made, then it takes the place of the old one, which is removed last. After a kill at
 * any of these points {@link finishReplacing} goes on, and at each the old backup or the new one is there whole; between two of the
 * renames it has no name of a backup for some microseconds.
 *
 * @throws HoldfastError `RELEASE_FAILED` when the old one cannot be removed; what `check` throws, NotDurable, what the file system refuses,
 *   and the signal's reason, before anything is renamed.
 */
export async function keepWorkingFolder(
  places: BackupPlaces,
  {
    signal,
    files,
    check,
    onMade,
  }: Telling & { readonly check: () => Promise<void>; readonly onMade: () => Promise<void> },
): Promise<void> {
  const refused = new AbortController()
  const syncing = syncTree(join(places.making, 'backup'), {
    signal: AbortSignal.any([signal, refused.signal]),
    synced: files,
  })
  const checking = check().catch((error: unknown) => {
    refused.abort(error)
    throw error
  })
  // Nothing may be at work in the folder any more when this fails.
  await Promise.allSettled([checking, syncing])
  await checking
  await syncing
  await clear(join(places.making, 'incoming'))
  await syncNames(places.making)
  await rename(places.making, places.made)
  await syncFolder(places.folder)
  await onMade()
  await finishReplacing(places)
}

/**
 * Goes on where a kill interrupted the replacing of a backup, and removes what is left over. Nothing happens where nothing is. Only
 * one process at a time may do this: whoever calls it has the phone's lock, or what stands for it.
 *
 * @throws HoldfastError `RELEASE_FAILED`; what the file system refuses.
 */
export async function finishReplacing(places: BackupPlaces, renaming: Rename = rename): Promise<void> {
  const { backup, made, replaced, preparing, discarded, folder } = places
  if (await isMade(places)) {
    if ((await statusOf(backup)) !== null) {
      // Left from an earlier replacing: the backup in its place is newer than that, and whole.
      await clear(replaced)
      await renamePatiently(backup, replaced, renaming)
    }
    try {
      await renamePatiently(join(made, 'backup'), backup, renaming)
    } catch (error) {
      // Until the next try, the one before is to be found where it was. If that fails too, both are kept beside its place.
      if ((await statusOf(replaced)) !== null) await renaming(replaced, backup).catch(() => undefined)
      throw error
    }
    await syncFolder(folder)
  }
  await clear(made)
  // While nothing is in the backup's place, what was there before is the best that there is.
  if ((await statusOf(backup)) !== null) await clear(replaced)
  await clear(preparing)
  await clear(discarded)
}

/**
 * Goes on as {@link finishReplacing} where nothing is in the backup's place. That takes no backup from anybody, so whoever does it need not
 * look first whose marks are on it.
 *
 * @throws HoldfastError `RELEASE_FAILED`; what the file system refuses.
 */
export async function fillPlace(places: BackupPlaces): Promise<void> {
  if ((await isMade(places)) && (await statusOf(places.backup)) === null) await finishReplacing(places)
}

/** Whether a whole backup waits for its place. What a link leads to is none. */
export async function isMade({ made }: BackupPlaces): Promise<boolean> {
  if ((await statusOf(made))?.isDirectory() !== true) return false
  return (await statusOf(join(made, 'backup')))?.isDirectory() === true
}

/**
 * Whether a whole backup is there: in its place or, after a kill between two renames of {@link keepWorkingFolder}, beside it.
 */
export async function isBackupThere(places: BackupPlaces): Promise<boolean> {
  return (
    (await statusOf(places.backup)) !== null ||
    (await isMade(places)) ||
    (await statusOf(places.replaced)) !== null
  )
}

/** Removes a backup from its place for good. After a kill at any point a repeated call, or {@link finishReplacing}, goes on. */
export async function removeBackup({ backup, discarded, folder }: BackupPlaces): Promise<void> {
  await clear(discarded)
  if ((await statusOf(backup)) === null) return
  await renamePatiently(backup, discarded)
  await syncFolder(folder)
  await clear(discarded)
}

/**
 * Removes what is there of backups that are not in their place. While nothing is in it, a whole one stays beside it: there is no other.
 * Nothing happens where nothing is.
 *
 * @throws HoldfastError `RELEASE_FAILED`; what the file system refuses.
 */
export async function removeWorkingFolders(places: BackupPlaces): Promise<void> {
  const { backup, preparing, making, made, replaced, discarded } = places
  for (const place of [preparing, making, discarded]) await clear(place)
  const isInPlace = (await statusOf(backup)) !== null
  if (isInPlace || !(await isMade(places))) await clear(made)
  if (isInPlace) await clear(replaced)
}

/**
 * Whether an interrupted attempt left something to go on with. Where the phone had begun to put files in place and remove others, the
 * beginnings are torn; the backup that is there is then better to go on from.
 */
async function isOfUse({ making, backup }: BackupPlaces, tree: string): Promise<boolean> {
  // What a link leads to is not of this folder, and not to be written into.
  if ((await statusOf(making))?.isDirectory() !== true) return false
  if ((await statusOf(tree))?.isDirectory() !== true) return false
  if ((await statusOf(backup)) === null) return true
  const state = textAt(await readPlistFile(join(tree, 'Status.plist')), 'SnapshotState')
  return !rearranging.has(state ?? '') && !(await lacksLists(tree))
}

/** Makes the working folder under another name, and gives it its own when it holds everything: half of a backup is nothing to go on from. */
async function begin(places: BackupPlaces, { signal, files }: Telling): Promise<'linked' | 'empty'> {
  const { backup, preparing, making, folder } = places
  await mkdir(preparing, { mode: 0o700 })
  const tree = join(preparing, 'backup')
  let origin: 'linked' | 'empty' = 'empty'
  if ((await statusOf(backup))?.isDirectory() === true) {
    if (await linkTree(backup, tree, { signal, linked: files })) origin = 'linked'
    else await clear(tree)
  }
  if (origin === 'empty') await mkdir(tree, { mode: 0o700 })
  await rename(preparing, making)
  await syncFolder(folder)
  return origin
}

/**
 * Whether the lists of an earlier backup are there in part only. Without any a phone sends everything by itself, and with a status alone
 * it goes on with the first backup, which was interrupted. Empty ones, which an aborted run of other programs leaves, are removed: a phone
 * takes them for damage and refuses (libimobiledevice #1582).
 */
async function lacksLists(tree: string): Promise<boolean> {
  const there: boolean[] = []
  for (const name of lists) {
    const path = join(tree, name)
    const stats = await statusOf(path)
    const isUsable = stats?.isFile() === true && stats.size > 0
    if (stats !== null && !isUsable) await removeOne(path, stats)
    there.push(isUsable)
  }
  const [status, plist, database] = there
  return plist !== database || (plist === true && status !== true)
}

async function removeOne(path: string, stats: Stats): Promise<void> {
  if (stats.isDirectory()) await clear(path)
  else await unlink(path)
}

async function clear(path: string): Promise<void> {
  const remains = await removeTree(path, { signal: new AbortController().signal })
  if (remains.count === 0) return
  throw new HoldfastError(
    'RELEASE_FAILED',
    `${remains.count} files of an earlier backup could not be removed`,
    {
      hint: `Close programs that use them, then retry, or remove the folder ${path} by hand.`,
      facts: { path, remaining: remains.count, systemCode: remains.systemCode },
    },
  )
}
