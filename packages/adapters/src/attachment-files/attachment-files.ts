import { dirname, join, resolve } from 'node:path'
import { checkOptions, rule, systemCodeOf } from '@holdfast/core'
import { absentAsNull, fileWork } from './file-errors.js'
import type { Way } from './file-jobs.js'
import { fileName } from './file-name.js'
import { type FileSystem, nodeFileSystem } from './file-system.js'
import { FileWorkers } from './file-workers.js'
import { isOwnFolder } from './folders.js'
import { IncomingFiles } from './incoming-files.js'
import { listFiles } from './list-files.js'
import { NamedFiles } from './named-files.js'
import type { AttachmentFiles, DigestRequest, IncomingFile, WriteFile } from './port.js'

/** How {@link attachmentFiles} may differ. */
export interface AttachmentFilesOptions {
  /** The file system. One that is given is used on the event loop alone. @default that of the machine */
  readonly fs?: FileSystem
  /**
   * How many threads take files in and hash them; 0 does it on the event loop, for hosts that forbid worker threads.
   * @default one for each processor, four at most; fewer, and half of them at least, while the reader of a backup has threads as well
   */
  readonly threads?: number
  /**
   * What files may share with a backup on the same volume. `links`: with a backup that will go, the file itself, until it has gone;
   * with others the blocks on the disk, where the file system has copy-on-write. `clones`: only those blocks. `nothing`: all is copied.
   * @default 'links'
   */
  readonly sharing?: 'links' | 'clones' | 'nothing'
}

const rules = {
  fs: rule.object,
  threads: {
    must: 'be a whole number from 0 to 64',
    test: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 64,
  },
  sharing: rule.oneOf('links', 'clones', 'nothing'),
}

/** By how a file may share: what is tried before it is copied. A clone first: it is a file of its own from the beginning. */
const waysOf: Readonly<Record<NonNullable<AttachmentFilesOptions['sharing']>, readonly Way[]>> = {
  links: ['clone', 'link'],
  clones: ['clone'],
  nothing: [],
}

/** An empty file that shows, while it is there, that a folder can be written. */
const probeName = '.holdfast-probe'

/**
 * Attachment files in a folder of their own: `<first two hex>/<sha256><.ext>`, one file per content. The folder is made, for
 * this user alone, when the first content arrives. Content comes in as a temporary file, is synced, renamed, and the folder synced.
 * Files are read and hashed in threads, which end when there is nothing to do.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function attachmentFiles(folder: string, options: AttachmentFilesOptions = {}): AttachmentFiles {
  // Without a folder its files would lie wherever the process was started.
  checkOptions('attachmentFiles', { folder }, { folder: rule.string }, ['folder'])
  checkOptions('attachmentFiles', options, rules)
  const { fs = nodeFileSystem, sharing = 'links' } = options
  const threads = options.fs === undefined ? options.threads : 0
  const workers = new FileWorkers({ fs, ...(threads === undefined ? {} : { threads }) })
  const root = resolve(folder)
  const incoming = new IncomingFiles(root, fs, workers)
  const named = new NamedFiles(root, fs, workers)
  const waysFor = (mayLink: boolean): readonly Way[] =>
    waysOf[sharing].filter((way) => mayLink || way !== 'link')

  return {
    folder: root,

    async check() {
      const existing = await nearestExisting(fs, root)
      // Always the same name: what a process leaves that dies here is removed by the next one that looks.
      const probe = join(existing, probeName)
      await fileWork('making a file', existing, async () => {
        await isOwnFolder(fs, incoming.folder)
        await unlessCode('ENOENT', () => fs.unlink(probe))
        // Another process that looks at the same moment has just shown that it can be done.
        await unlessCode('EEXIST', async () => (await fs.open(probe, 'wx', 0o600)).close())
        await unlessCode('ENOENT', () => fs.unlink(probe))
      })
    },

    nameFor: fileName,

    receive: (content, signal) => incoming.receive(content, signal),

    ...(options.fs === undefined
      ? { receiveWritten: (write: WriteFile, signal: AbortSignal) => incoming.receiveWritten(write, signal) }
      : {}),

    receiveFiles: (paths, { mayLink, signal }) => incoming.take(paths, waysFor(mayLink), signal),

    sharesFiles: ({ mayLink }) => incoming.shares(waysFor(mayLink)),

    async keep(moves) {
      await incoming.sync(moves.map((move) => move.incoming))
      await named.put(moves.map((move) => ({ from: move.incoming.path, name: move.name })))
    },

    drop: (files) => incoming.drop(files),

    sizes: (names) => named.sizes(names),

    digests: (requests, signal) => named.digests(requests, signal),

    async links(names) {
      return (await named.statuses(names)).map(
        (found) => found && { isShared: found.nlink > 1n, changedAt: Number(found.ctimeNs / 1000n) },
      )
    },

    async endLinks(names, signal) {
      const found = await named.statuses(names)
      const shared = names.filter((_, index) => (found[index]?.nlink ?? 1n) > 1n)
      const taken =
        shared.length === 0
          ? []
          : await incoming.take(
              shared.map((name) => named.pathOf(name)),
              waysFor(false),
              signal,
            )
      const moves: { readonly file: IncomingFile; readonly name: string }[] = []
      const unread: DigestRequest[] = []
      for (const [index, name] of shared.entries()) {
        const file = taken[index] ?? null
        if (file === null) unread.push({ name, twin: null })
        else moves.push({ file, name })
      }
      try {
        // One that could not be read fails here, with what the disk says; one that is gone does not.
        if (unread.length > 0) await named.digests(unread, signal)
        await incoming.sync(moves.map(({ file }) => file))
        await named.put(moves.map(({ file, name }) => ({ from: file.path, name })))
      } catch (thrown) {
        // What stays is removed by the next sweep; it must not hide what went wrong.
        await incoming.drop(moves.map(({ file }) => file)).catch(() => undefined)
        throw thrown
      }
      await named.makePrivate(names.filter((_, index) => found[index]?.nlink === 1n))
    },

    remove: (names) => named.remove(names),

    // What a process leaves that dies in `check` is no content, and goes with the next `check`.
    list: (signal) => listFiles(fs, root, [incoming.folder, join(root, probeName)], signal),

    sweep: () => incoming.sweep(),
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
