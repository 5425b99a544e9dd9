import type { Worker } from 'node:worker_threads'
import { checkOptions, rule } from '@holdfast/core'
import { type ImportWork, parseReceipt, type Reading, receiptOrNull } from '@holdfast/core/import'
import type { BirpcReturn } from 'birpc'
import type { KeyVault } from '../ios-backup/index.js'
import type { CallFacts, HostCalls, ThreadCalls } from './calls.js'
import { type Crossing, crossingError } from './crossing.js'
import { answersOf, type CallContext } from './host-answers.js'
import { ThreadKeeper } from './thread-keeper.js'

/** What an import thread is made of. */
export interface ImportThreadOptions {
  /**
   * Starts the thread, for instance `() => new Worker(new URL('./import-program.js', import.meta.url))`, which bundlers understand. Its
   * program calls `serveImportThread`. Called whenever there is work and no thread.
   */
  readonly start: () => Worker
  /** Names of what a run must have for itself: those of the storage in the thread. `libraryResource` gives that of a library. */
  readonly resources: readonly string[]
  /** Keeps the keys of encrypted backups, and stays in the host's thread. @default the thread keeps them, until it ends */
  readonly vault?: KeyVault
  /** Milliseconds without work after which the thread ends. @default 10_000 */
  readonly idle?: number
}

/** The work of imports in a thread of its own. */
export interface ImportThread extends ImportWork {
  /** Ends the thread, for good: work that is under way fails with `THREAD_LOST`. Shut the runner down before. Repeat calls are safe. */
  close(): Promise<void>
}

const rules = { start: rule.function, resources: rule.strings, vault: rule.object, idle: rule.positive }

/**
 * Does the work of imports in a worker thread: the backup is read, decrypted, hashed, stored and verified there, and the host's event
 * loop stays free. Progress, questions, their answers, an abort, results and errors cross, and nothing of the backup.
 *
 * The thread is started when there is work, and ends when there has been none for a while. Where it dies, what it did fails with
 * `THREAD_LOST`: the run parks with all that is staged, and a retry starts another thread. Where a host allows no threads, the same
 * reader and storage do the work in its own.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * const start = () => new Worker(new URL('./import-program.js', import.meta.url), { workerData: { database } })
 * const work = importThread({ start, resources: [libraryResource(database)] })
 * const saga = backupImport({ device: backupFolder(), work })
 */
export function importThread(options: ImportThreadOptions): ImportThread {
  checkOptions('importThread', options, rules, ['start', 'resources'])
  const { start, resources, vault, idle = 10_000 } = options
  const contexts = new Map<number, CallContext>()
  const answers = answersOf(contexts, vault ?? null)
  const keeper = new ThreadKeeper({ start, resources, idle, hasVault: vault !== undefined }, answers)
  let lastCall = 0

  /** Has something done that is aborted with a signal, and calls back to a context. */
  async function during<Value>(
    signal: AbortSignal,
    context: CallContext,
    doing: (remote: BirpcReturn<ThreadCalls, HostCalls>, call: number) => Promise<Crossing<Value>>,
  ): Promise<Value> {
    signal.throwIfAborted()
    const call = ++lastCall
    contexts.set(call, context)
    try {
      return await keeper.call(async (remote) => {
        signal.throwIfAborted()
        const result = doing(remote, call)
        // Behind the call itself, so that the thread knows what is aborted.
        const abort = (): void => void remote.abort.asEvent(call, crossingError(signal.reason))
        signal.addEventListener('abort', abort, { once: true })
        return result.finally(() => signal.removeEventListener('abort', abort))
      })
    } catch (thrown) {
      // What it was ended for, as the host gave it, and not as it came back.
      signal.throwIfAborted()
      throw thrown
    } finally {
      contexts.delete(call)
    }
  }

  return {
    resources,
    check: (request) => keeper.call((remote) => remote.check(request)),
    describe: (path, context) =>
      during(context.signal, context, (remote, call) => remote.describe(call, path, factsOf(context))),
    store: (ref, path, settings, context) =>
      during(context.signal, context, (remote, call) =>
        remote.store(call, ref, path, settings, factsOf(context)),
      ),
    async prove(ref, path, settings, context) {
      const receipt = await during(context.signal, context, (remote, call) =>
        remote.prove(call, ref, path, settings, factsOf(context)),
      )
      return parseReceipt(receipt)
    },
    checkLinks: (id, { signal }) => during(signal, {}, (remote, call) => remote.checkLinks(call, id)),
    endLinks: (id, { signal }) => during(signal, {}, (remote, call) => remote.endLinks(call, id)),
    isIntact: (id, { signal }) => during(signal, {}, (remote, call) => remote.isIntact(call, id)),
    discard: (id) => keeper.call((remote) => remote.discard(id)),
    async imports() {
      const published = await keeper.call((remote) => remote.imports())
      return Promise.all(
        published.map(async (each) => ({ ...each, receipt: await receiptOrNull(each.receipt) })),
      )
    },
    close: () => keeper.close(),
  }
}

/** What of a context goes to the thread as it is. */
function factsOf({ run, input }: Reading): CallFacts {
  return { run, input }
}
