import { HoldfastError, isHoldfastError } from '@holdfast/core'
import type { PlistDict } from '../../plist/plist-value.js'
import type { TargetFolder } from '../backup-target/target-folder.js'
import type { DeviceLink } from '../device-link/device-link.js'
import { said } from '../wire/said.js'
import type { Waiting } from '../wire/wire.js'
import { type Answer, done, refusedBy } from './answer.js'
import { forEach, listFolder } from './change-files.js'
import { type Command, readCommand } from './command.js'
import type { DiskSpace } from './disk-space.js'
import type { FileChanges } from './file-changes.js'
import type { ProgressMeter } from './progress-meter.js'
import { receiveFiles } from './receive-files.js'
import { sendFiles } from './send-files.js'

/** What the phone is doing, as its commands tell. */
export type ServingPhase = 'preparing' | 'receiving' | 'finishing'

/** What a phone is served with. */
export interface Serving extends Waiting {
  readonly target: TargetFolder
  readonly space: DiskSpace
  readonly meter: ProgressMeter
  /** Is told what is changed. @default nobody */
  readonly changes?: FileChanges | undefined
  /** Called at each command, and at each piece of a file: the phone is alive. */
  readonly onActivity: (phase: ServingPhase) => void
}

/** How an operation ended. */
export interface Served {
  /** The phone's last word. */
  readonly response: PlistDict
  /** The first thing that this computer could not keep; null when it kept all. */
  readonly localFailure: { readonly error: unknown; readonly bytesLeft: number } | null
  /** Files that the phone could not send, and its words for the first of them. */
  readonly remoteFailures: { readonly count: number; readonly words: string | null }
}

/**
 * Does what a phone says until it ends the operation: the phone leads, and each command gets exactly one status. What the file system
 * refuses is told to the phone, which then ends the operation by itself. Nothing is at work in the folder when it resolves or throws.
 *
 * @throws HoldfastError `DEVICE_LOST`, `DEVICE_SILENT`, `DEVICE_PROTOCOL`, `BACKUP_UNSAFE`; the signal's reason: the connection is of
 *   no use then. Before all of these NotDurable.
 */
export async function serveCommands(link: DeviceLink, serving: Serving): Promise<Served> {
  const [end] = await Promise.allSettled([serveToTheEnd(link, serving)])
  const failure = await serving.target.settled()
  // A file that could not be kept outweighs how the conversation ended: nothing may be gone on with.
  if (failure !== null) throw failure
  if (end.status === 'rejected') throw end.reason
  return end.value
}

async function serveToTheEnd(link: DeviceLink, serving: Serving): Promise<Served> {
  const server = new CommandServer(link, serving)
  for (;;) {
    const command = readCommand(await link.receive())
    if (command.kind === 'response') return server.served(command.response)
    if (command.kind === 'disconnect') throw leftBy(command.words)
    serving.signal?.throwIfAborted()
    const { code, text = null, payload } = await server.answer(command)
    await link.status(code, text, payload)
  }
}

class CommandServer {
  readonly #link: DeviceLink
  readonly #serving: Serving
  #phase: ServingPhase = 'preparing'
  #localFailure: Served['localFailure'] = null
  #remote: Served['remoteFailures'] = { count: 0, words: null }

  constructor(link: DeviceLink, serving: Serving) {
    this.#link = link
    this.#serving = serving
  }

  served(response: PlistDict): Served {
    return { response, localFailure: this.#localFailure, remoteFailures: this.#remote }
  }

  async answer(command: Command): Promise<Answer> {
    const { meter, onActivity } = this.#serving
    this.#phase = phaseOf(command, this.#phase)
    onActivity(this.#phase)
    if ('percent' in command) meter.begin(command.percent, command.kind === 'receive' ? command.bytes : null)
    try {
      return await this.#carryOut(command)
    } catch (error) {
      return refusedBy(error)
    } finally {
      if ('percent' in command) meter.end()
    }
  }

  async #carryOut(command: Command): Promise<Answer> {
    const { target, space, signal, changes } = this.#serving
    switch (command.kind) {
      case 'send':
        return sendFiles(this.#link, target, command.paths, {
          ...this.#waiting,
          onBytes: () => this.#alive(),
        })
      case 'receive':
        return this.#receive(command.bytes)
      case 'list':
        return listFolder(target, command.path)
      case 'create-folder':
        await target.createFolder(command.path)
        return done
      case 'move':
        return forEach(command.moves, signal, async ([from, to]) => {
          await this.#keeping(target.move(from, to))
          changes?.moved(from, to)
        })
      case 'remove':
        return forEach(command.paths, signal, async (path) => {
          await this.#keeping(target.remove(path))
          changes?.removed(path)
        })
      case 'copy':
        await this.#keeping(target.copy(command.from, command.to))
        changes?.copied(command.from, command.to)
        return done
      case 'free-space':
        return { code: 0, payload: await space.look() }
      case 'purge':
        // Nothing here may be thrown away to make room. The phone then says that the disk is full, and ends.
        space.want(command.bytes)
        return { code: -1, text: 'Nothing can be purged', payload: 0 }
      case 'unknown':
        return { code: -1, text: 'Unknown command' }
      case 'response':
      case 'disconnect':
        throw new Error(`'${command.kind}' is no command to be answered`)
    }
  }

  #receive(bytes: number | null): Promise<Answer> {
    const { target, meter, changes } = this.#serving
    let came = 0
    return receiveFiles(this.#link, target, {
      ...this.#waiting,
      onBytes: (count) => {
        came += count
        meter.received(count)
        this.#alive()
      },
      onFile: (path, size) => {
        meter.kept()
        changes?.received(path, size)
      },
      onLocalFailure: (error) => this.#note(error, Math.max(0, (bytes ?? 0) - came)),
      onRemoteFailure: (words) => {
        this.#remote = { count: this.#remote.count + 1, words: this.#remote.words ?? words }
      },
    })
  }

  /** Notes a change of files that failed, which a phone only learns as a number. */
  async #keeping(change: Promise<void>): Promise<void> {
    try {
      await change
    } catch (error) {
      if (!isHoldfastError(error)) this.#note(error, 0)
      throw error
    }
  }

  #note(error: unknown, bytesLeft: number): void {
    this.#localFailure ??= { error, bytesLeft }
  }

  #alive(): void {
    this.#serving.onActivity(this.#phase)
  }

  get #waiting(): Waiting {
    const { signal, silence } = this.#serving
    return { signal, silence }
  }
}

/** A phone first looks at what there is, then sends, and in the end puts what it sent into its place. */
function phaseOf(command: Command, before: ServingPhase): ServingPhase {
  if (command.kind === 'receive') return before === 'finishing' ? before : 'receiving'
  if (command.kind === 'move' && before === 'receiving') return 'finishing'
  return before
}

function leftBy(words: string | null): HoldfastError {
  return new HoldfastError(
    'DEVICE_LOST',
    'The iPhone ended the conversation before the backup was finished',
    {
      hint: 'Leave the iPhone connected and unlocked, and retry: it goes on with what is there.',
      facts: { words: words === null ? null : said(words) },
    },
  )
}
