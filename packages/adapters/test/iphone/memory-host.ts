import type { Duplex } from 'node:stream'
import { DeviceLink, type LinkMessage } from '../../src/iphone/device-link/device-link.js'
import { endFiles, receiveFiles, sendFile } from '../../src/iphone/device-link/file-stream.js'
import { multiStatus } from '../../src/iphone/device-link/link-status.js'
import {
  isDict,
  isList,
  type PlistDict,
  type PlistValue,
  plistDict,
  Real,
} from '../../src/plist/plist-value.js'

/** How a phone ended an operation. */
export interface Ending {
  readonly code: PlistValue | undefined
  readonly description: PlistValue | undefined
}

/** A host that keeps what phones send in memory, and does what they say without a doubt. For tests of the emulated phone. */
export class MemoryHost {
  /** The bytes of each file, by its path. */
  readonly files = new Map<string, Buffer>()
  /** The commands of the phone, by name, with the first thing that each is about. */
  readonly commands: string[] = []
  /** Why the phone could not send files, by their paths. */
  readonly problems = new Map<string, string>()
  free: number = 2 ** 40
  /** What it does instead of the usual, by the name of the command; true when it did. */
  instead: ((link: DeviceLink, message: LinkMessage) => Promise<boolean>) | null = null
  readonly #udid: string

  constructor(udid: string) {
    this.#udid = udid
  }

  /** Asks for something, and does what the phone says until it ends. */
  async ask(stream: Duplex, request: Readonly<Record<string, PlistValue>>): Promise<Ending> {
    const link = await DeviceLink.open(stream)
    await link.request(
      plistDict({ MessageName: 'Hello', SupportedProtocolVersions: [new Real(2), new Real(2.1)] }),
    )
    await link.response()
    await link.request(plistDict({ ...request, TargetIdentifier: this.#udid, SourceIdentifier: this.#udid }))
    for (;;) {
      const message = await link.receive()
      const [first] = message.values
      if (message.name === 'DLMessageProcessMessage' && isDict(first)) {
        await link.disconnect()
        return { code: first.get('ErrorCode'), description: first.get('ErrorDescription') }
      }
      this.commands.push(`${message.name} ${subjectOf(first)}`.trimEnd())
      if ((await this.instead?.(link, message)) !== true) await this.#obey(link, message)
    }
  }

  async backUp(stream: Duplex): Promise<Ending> {
    return this.ask(stream, { MessageName: 'Backup' })
  }

  async #obey(link: DeviceLink, { name, values }: LinkMessage): Promise<void> {
    const [first, second] = values
    switch (name) {
      case 'DLMessageUploadFiles':
        for await (const { path, read, problem } of receiveFiles(link.wire)) {
          const pieces: Buffer[] = []
          for (let count = -1; count !== 0; ) {
            const piece = Buffer.alloc(65_536)
            count = await read(piece)
            pieces.push(piece.subarray(0, count))
          }
          this.files.set(path, Buffer.concat(pieces))
          const words = problem()
          if (words !== null) this.problems.set(path, words)
        }
        return link.status(0)
      case 'DLMessageDownloadFiles':
        return this.#send(link, textsOf(first))
      case 'DLContentsOfDirectory':
        return link.status(0, null, this.#list(subjectOf(first)))
      case 'DLMessageGetFreeDiskSpace':
        return link.status(0, null, this.free)
      case 'DLMessagePurgeDiskSpace':
        return link.status(-1, 'Nothing to purge')
      case 'DLMessageMoveItems':
      case 'DLMessageMoveFiles':
        for (const [from, to] of isDict(first) ? first : []) this.#copy(from, subjectOf(to), true)
        return link.status(0)
      case 'DLMessageCopyItem':
        this.#copy(subjectOf(first), subjectOf(second), false)
        return link.status(0)
      case 'DLMessageRemoveItems':
      case 'DLMessageRemoveFiles':
        for (const path of textsOf(first)) this.#remove(path)
        return link.status(0)
      case 'DLMessageCreateDirectory':
        return link.status(0)
      default:
        return link.status(-1, 'Unknown command')
    }
  }

  async #send(link: DeviceLink, paths: readonly string[]): Promise<void> {
    const failed = new Map<string, PlistValue>()
    for (const path of paths) {
      const bytes = this.files.get(path)
      await sendFile(link.wire, path, contentOf(bytes))
      if (bytes === undefined) {
        failed.set(path, plistDict({ DLFileErrorString: 'No such file', DLFileErrorCode: -6 }))
      }
    }
    await endFiles(link.wire)
    await (failed.size === 0 ? link.status(0) : link.status(multiStatus, 'Multi status', failed))
  }

  #list(folder: string): PlistDict {
    const found = new Map<string, PlistValue>()
    for (const [path, bytes] of this.files) {
      if (!path.startsWith(`${folder}/`)) continue
      const [name = '', ...below] = path.slice(folder.length + 1).split('/')
      found.set(
        name,
        plistDict({
          DLFileType: below.length === 0 ? 'DLFileTypeRegular' : 'DLFileTypeDirectory',
          DLFileSize: below.length === 0 ? bytes.length : 0,
          DLFileModificationDate: new Date(0),
        }),
      )
    }
    return found
  }

  #copy(from: string, to: string, remove: boolean): void {
    this.#remove(to)
    for (const [path, bytes] of [...this.files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.files.set(`${to}${path.slice(from.length)}`, bytes)
      if (remove) this.files.delete(path)
    }
  }

  #remove(path: string): void {
    for (const each of [...this.files.keys()]) {
      if (each === path || each.startsWith(`${path}/`)) this.files.delete(each)
    }
  }
}

async function* contentOf(bytes: Buffer | undefined): AsyncGenerator<Uint8Array> {
  if (bytes === undefined) throw new Error('No such file')
  yield bytes
}

function textsOf(value: PlistValue | undefined): readonly string[] {
  return isList(value) ? value.filter((each) => typeof each === 'string') : []
}

function subjectOf(value: PlistValue | undefined): string {
  return typeof value === 'string' ? value : (textsOf(value)[0] ?? '')
}
