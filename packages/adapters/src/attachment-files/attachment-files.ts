import { randomUUID } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { checkOptions, rule, systemCodeOf } from '@holdfast/core'
import { digestFile, syncFile, writeContent } from './file-content.js'
import { absentAsNull, fileWork } from './file-errors.js'
import { fileName, splitName } from './file-name.js'
import { type FileSystem, nodeFileSystem } from './file-system.js'
import { isOwnFolder, makeFolder, makeFolders, syncFolder, whatIsAt } from './folders.js'
import { inParallel } from './in-parallel.js'
import type { AttachmentFiles } from './port.js'

/** Temporary files live beside their targets, because a rename is atomic on one volume only. */
const incomingFolder = '.incoming'
const incomingName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * How many system calls are under way at once. A journaling file system commits what waits in one go, so that syncing many
 * files together takes a tenth of the time that one after the other takes.
 */
const atOnce = 16

/** How {@link attachmentFiles} may differ. */
export interface AttachmentFilesOptions {
  /** The file system. @default that of the machine */
  readonly fs?: FileSystem
}

/**
 * Attachment files in a folder of their own: `<first two hex>/<sha256><.ext>`, one file per content. The folder is made, for
 * this user alone, when the first content arrives. Content is written to a temporary file, synced, renamed, and the folder synced.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function attachmentFiles(folder: string, options: AttachmentFilesOptions = {}): AttachmentFiles {
  checkOptions('attachmentFiles', options, { fs: rule.object })
  const fs = options.fs ?? nodeFileSystem
  const root = resolve(folder)
  const incoming = join(root, incomingFolder)

  const place = (name: string): { readonly folder: string; readonly path: string } => {
    const parts = splitName(name)
    return { folder: join(root, parts.folder), path: join(root, parts.folder, parts.file) }
  }
  const foldersOf = (names: readonly string[]): readonly string[] => [
    ...new Set(names.map((name) => place(name).folder)),
  ]

  const isReadable = async (target: string): Promise<boolean> =>
    (await fileWork('looking at a folder', target, () => whatIsAt(fs, target))) === 'folder'

  return {
    folder: root,

    async check() {
      const existing = await nearestExisting(fs, root)
      // Always the same name: what a process leaves that dies here is removed by the next one that looks.
      const probe = join(existing, '.holdfast-probe')
      await fileWork('making a file', existing, async () => {
        await isOwnFolder(fs, incoming)
        await unlessCode('ENOENT', () => fs.unlink(probe))
        // Another process that looks at the same moment has just shown that it can be done.
        await unlessCode('EEXIST', async () => (await fs.open(probe, 'wx', 0o600)).close())
        await unlessCode('ENOENT', () => fs.unlink(probe))
      })
    },

    nameFor: fileName,

    async receive(content, signal) {
      await fileWork('making a folder', incoming, async () => {
        if (await isOwnFolder(fs, incoming)) return
        await makeFolders(fs, root)
        await makeFolder(fs, incoming)
      })
      const path = join(incoming, randomUUID())
      return { path, ...(await writeContent(fs, path, content, signal)) }
    },

    async keep(moves) {
      await inParallel(moves, atOnce, ({ incoming: { path } }) =>
        fileWork('making an attachment durable', path, () => syncFile(fs, path)),
      )
      const folders = foldersOf(moves.map((move) => move.name))
      for (const target of folders) {
        await fileWork('making a folder', target, () => makeFolder(fs, target))
      }
      await inParallel(moves, atOnce, (move) => {
        const { path } = place(move.name)
        return fileWork('naming an attachment', path, () => fs.rename(move.incoming.path, path))
      })
      await inParallel(folders, atOnce, (target) =>
        fileWork('making an attachment durable', target, () => syncFolder(fs, target)),
      )
    },

    async drop(files) {
      await inParallel(files, atOnce, ({ path }) =>
        fileWork('removing a temporary file', path, () => absentAsNull(() => fs.unlink(path))),
      )
    },

    async sizes(names) {
      const own = new Set<string>()
      await inParallel(foldersOf(names), atOnce, async (target) => {
        if (await isReadable(target)) own.add(target)
      })
      return inParallel(names, atOnce, async (name) => {
        const at = place(name)
        if (!own.has(at.folder)) return null
        const found = await fileWork('looking at an attachment', at.path, () =>
          absentAsNull(() => fs.lstat(at.path)),
        )
        return found?.isFile() === true ? found.size : null
      })
    },

    async digest(name, signal) {
      const at = place(name)
      return (await isReadable(at.folder)) ? digestFile(fs, at.path, signal) : null
    },

    async remove(names) {
      const folders: string[] = []
      for (const target of foldersOf(names)) {
        if (await fileWork('looking at a folder', target, () => isOwnFolder(fs, target))) folders.push(target)
      }
      await inParallel(
        names.map(place).filter((at) => folders.includes(at.folder)),
        atOnce,
        ({ path }) => fileWork('removing an attachment', path, () => absentAsNull(() => fs.unlink(path))),
      )
      await inParallel(folders, atOnce, (target) =>
        fileWork('removing an attachment', target, () => syncFolder(fs, target)),
      )
      // Only an empty folder can be removed so, and whether it goes matters to nobody.
      await inParallel(folders, atOnce, (target) => fs.rmdir(target).catch(() => undefined))
    },

    async sweep() {
      await fileWork('removing temporary files', incoming, async () => {
        if (!(await isOwnFolder(fs, incoming))) return
        const left = (await fs.readdir(incoming)).filter((name) => incomingName.test(name))
        await inParallel(left, atOnce, (name) => absentAsNull(() => fs.unlink(join(incoming, name))))
        await fs.rmdir(incoming).catch(() => undefined)
      })
    },
  }
}

/** The nearest of a path and the folders above it at which there is something. */
async function nearestExisting(fs: FileSystem, path: string): Promise<string> {
  const found = await fileWork('looking at a folder', path, () => absentAsNull(() => fs.stat(path)))
  const parent = dirname(path)
  return found !== null || parent === path ? path : nearestExisting(fs, parent)
}

/** Runs `work`; a failure with this system code is none. */
async function unlessCode(code: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (systemCodeOf(error) !== code) throw error
  }
}
