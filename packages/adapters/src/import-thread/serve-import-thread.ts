import { parentPort, workerData } from 'node:worker_threads'
import { HoldfastError } from '@holdfast/core'
import {
  type BackupReader,
  type ImportWork,
  importWork,
  type Proving,
  type Storage,
  type Storing,
} from '@holdfast/core/import'
import { createBirpc } from 'birpc'
import type { KeyVault } from '../ios-backup/index.js'
import type { CallFacts, HostCalls, ThreadCalls } from './calls.js'
import { type Crossing, crossed, crossedError, crossing } from './crossing.js'

/** What the program of a thread is given. */
export interface ThreadHost {
  /** `workerData` of the thread, as the host set it. */
  readonly data: unknown
  /** The vault that the host gave to `importThread`, for `iosBackup({ vault })`: it lives in the host's thread. Null when it gave none. */
  readonly vault: KeyVault | null
}

/** What the program of a thread works with: adapters of its own, on connections of its own. */
export interface ThreadParts {
  readonly reader: BackupReader
  readonly storage: Storage
  /** Closes what was opened for them, such as the database. Called once, before the thread ends. */
  readonly close?: () => void | Promise<void>
}

/**
 * The program of an import thread: does the work that `importThread` sends, with the reader and the storage that `open` makes. `open` is
 * called at the first work, and again when it failed.
 *
 * @throws HoldfastError `OPTION_INVALID` outside of a worker thread.
 *
 * @example
 * serveImportThread(({ data, vault }) => {
 *   const db = new Database(data.database)
 *   return {
 *     reader: iosBackup({ scratch: data.scratch, ...(vault === null ? {} : { vault }) }),
 *     storage: sqliteLibrary(db, attachmentFiles(data.attachments)),
 *     close: () => db.close(),
 *   }
 * })
 */
export function serveImportThread(open: (host: ThreadHost) => ThreadParts | Promise<ThreadParts>): void {
  const port = parentPort
  if (port === null) {
    throw new HoldfastError('OPTION_INVALID', 'serveImportThread is for the program of a worker thread', {
      hint: 'Call it in a module of its own, and start that with `new Worker` in the option `start` of importThread.',
      retryable: false,
    })
  }
  const signals = new Map<number, AbortController>()
  let opening: Promise<{ readonly parts: ThreadParts; readonly work: ImportWork }> | null = null

  async function openParts(hasVault: boolean) {
    const parts = await open({ data: workerData, vault: hasVault ? vault : null })
    return { parts, work: importWork(parts.reader, parts.storage) }
  }

  /** The work, once it is open; the host's side opens it before anything else. */
  async function work(): Promise<ImportWork> {
    if (opening === null) throw new HoldfastError('THREAD_LOST', 'The thread of the import was not opened')
    return (await opening).work
  }

  /** Does what a call asks for, with a signal that the host's side can abort. */
  function during<Value>(
    call: number,
    doing: (work: ImportWork, signal: AbortSignal) => Promise<Value>,
  ): Promise<Crossing<Value>> {
    const controller = new AbortController()
    signals.set(call, controller)
    return crossing(async () => doing(await work(), controller.signal)).finally(() => signals.delete(call))
  }

  /** The context of a call: its functions call the host's side back. */
  const contextOf = (call: number, facts: CallFacts, signal: AbortSignal): Proving & Storing => ({
    ...facts,
    signal,
    ask: async (request) => crossed(await host.ask(call, request)),
    progress: (progress) => void host.progress.asEvent(call, progress),
    now: async () => crossed(await host.now(call)),
    onRoom: async (shortage) => crossed(await host.onRoom(call, shortage)),
  })

  const calls: ThreadCalls = {
    open: ({ hasVault }) =>
      crossing(async () => {
        opening ??= openParts(hasVault)
        try {
          return (await opening).work.resources
        } catch (thrown) {
          opening = null
          throw thrown
        }
      }),
    check: (request) => crossing(async () => (await work()).check(request)),
    describe: (call, path, facts) =>
      during(call, (doing, signal) => doing.describe(path, contextOf(call, facts, signal))),
    store: (call, ref, path, settings, facts) =>
      during(call, (doing, signal) => doing.store(ref, path, settings, contextOf(call, facts, signal))),
    prove: (call, ref, path, settings, facts) =>
      during(call, (doing, signal) => doing.prove(ref, path, settings, contextOf(call, facts, signal))),
    checkLinks: (call, id) => during(call, (doing, signal) => doing.checkLinks(id, { signal })),
    endLinks: (call, id) => during(call, (doing, signal) => doing.endLinks(id, { signal })),
    isIntact: (call, id) => during(call, (doing, signal) => doing.isIntact(id, { signal })),
    discard: (id) => crossing(async () => (await work()).discard(id)),
    imports: () => crossing(async () => (await work()).imports()),
    abort: (call, reason) => signals.get(call)?.abort(crossedError(reason)),
    close: () =>
      crossing(async () => {
        // What failed to open has nothing to close.
        await (await opening?.catch(() => null))?.parts.close?.()
        // After the answer is on its way. Nothing else keeps the thread.
        setImmediate(() => port.close())
      }),
  }

  // A call may take days while it asks a human.
  const host = createBirpc<HostCalls, ThreadCalls>(calls, {
    post: (message) => port.postMessage(message),
    on: (take) => void port.on('message', take),
    timeout: -1,
  })

  const vault: KeyVault = {
    get: async (name) => crossed(await host.getKey(name)),
    set: async (name, key) => crossed(await host.setKey(name, key)),
    delete: async (name) => crossed(await host.deleteKey(name)),
  }
}
