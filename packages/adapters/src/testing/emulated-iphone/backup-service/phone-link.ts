import type { Duplex } from 'node:stream'
import { PlistWire } from '../../../iphone/wire/plist-wire.js'
import { isDict, isList, type PlistDict, type PlistValue, Real } from '../../../plist/plist-value.js'
import type { Transcript } from '../transcript.js'
import { type CommandStatus, payloadProblem, statusOf } from './command-status.js'
import { type AskedFile, receiveAskedFiles } from './incoming-files.js'
import { OutgoingFiles } from './outgoing-files.js'
import { HostLeft, PhoneFailure } from './phone-failure.js'

/** Major version of DeviceLink: 300 until iOS 13, 400 since. */
export type LinkVersion = 300 | 400 | 401

const nothingToSay = '___EmptyParameterString___'

/**
 * The phone's side of DeviceLink: it sends commands, each of which the host answers by one status. It is strict: whatever a host says that
 * it may not is complained of, or ends the conversation where nothing can follow.
 *
 * Every method throws {@link HostLeft} when the host says good-bye instead, and `DEVICE_LOST` when it is gone.
 */
export class PhoneLink {
  readonly #lists: PlistWire
  readonly #where: string
  readonly #transcript: Transcript

  private constructor(stream: Duplex, where: string, transcript: Transcript) {
    this.#lists = new PlistWire(stream, 'binary', { keepReals: true })
    this.#where = where
    this.#transcript = transcript
  }

  /** Agrees on the version, which the phone says and the host takes. */
  static async open(
    stream: Duplex,
    options: { readonly version: LinkVersion; readonly where: string; readonly transcript: Transcript },
  ): Promise<PhoneLink> {
    const { version, where, transcript } = options
    const link = new PhoneLink(stream, where, transcript)
    await link.say(['DLMessageVersionExchange', version, 0])
    const answer = await link.#hear()
    const [name, agreed, major] = answer
    transcript.host(where, nameOf(name), { version: typeof major === 'number' ? major : null })
    // Some hosts say their own version, whatever the phone's is.
    const isTaken = agreed === 'DLVersionsOk' && typeof major === 'number' && major >= version
    if (name !== 'DLMessageVersionExchange' || !isTaken) {
      throw new Error('an answer to the version that does not take it')
    }
    await link.say(['DLMessageDeviceReady'])
    return link
  }

  /** The next request of the host to the service behind the link. */
  async request(): Promise<PlistDict> {
    const [name, request] = await this.#hear()
    if (name !== 'DLMessageProcessMessage' || !isDict(request))
      throw new Error(`${nameOf(name)} where a request should be`)
    const what = request.get('MessageName')
    if (typeof what !== 'string') throw new Error('a request without a name')
    this.#transcript.host(this.#where, what)
    return request
  }

  /** Answers a request. */
  async respond(response: Readonly<Record<string, PlistValue>>): Promise<void> {
    const code = response['ErrorCode']
    this.#transcript.phone(this.#where, 'Response', { code: typeof code === 'number' ? code : null })
    const dict = new Map<string, PlistValue>([['MessageName', 'Response'], ...Object.entries(response)])
    await this.say(['DLMessageProcessMessage', dict])
  }

  /** Sends a command; gives the host's status. */
  async command(name: string, ...values: readonly PlistValue[]): Promise<CommandStatus> {
    await this.#begin(name, values)
    return this.#status(name)
  }

  /** Has the host move (`{ from: to }`) or remove paths; `progress` as in {@link upload}. */
  async arrange(
    name: 'DLMessageMoveItems' | 'DLMessageRemoveItems',
    paths: ReadonlyMap<string, string> | readonly string[],
    progress: number,
  ): Promise<CommandStatus> {
    return this.command(name, paths, callbacks, new Real(progress))
  }

  /**
   * Has the host take files, which `send` sends. A host that says something before it has them all did something wrong, unless it is
   * good-bye. `progress` is that of the whole operation when the files are sent, from 0 to 100.
   */
  async upload(
    progress: number,
    totalBytes: number,
    send: (files: OutgoingFiles) => Promise<void>,
  ): Promise<CommandStatus> {
    const name = 'DLMessageUploadFiles'
    await this.#begin(name, [callbacks, new Real(progress), totalBytes])
    const early = new AbortController()
    const status = this.#status(name)
    status.then(
      () => early.abort(new Error('a status before all files were sent')),
      (error: unknown) => early.abort(error),
    )
    const { signal } = early
    const files = new OutgoingFiles((bytes) => this.#lists.wire.write(bytes, { signal }), signal)
    try {
      await send(files)
    } catch (error) {
      // Who gives up of its own accord ends the stream first, and hears the host out.
      if (error instanceof PhoneFailure) {
        await files.finish()
        await status
      }
      throw error
    }
    await files.finish()
    return status
  }

  /** Has the host send files; their bytes go to `take`. */
  async download(
    paths: readonly string[],
    progress: number,
    take: (path: string, bytes: Uint8Array) => void | Promise<void>,
  ): Promise<readonly AskedFile[]> {
    const name = 'DLMessageDownloadFiles'
    await this.#begin(name, [paths, callbacks, new Real(progress)])
    const files = await receiveAskedFiles(this.#lists.wire, paths, take, (complaint) =>
      this.complain(complaint),
    )
    const status = await this.#status(name)
    const failed = files.filter(({ problem }) => problem !== null).map(({ path }) => path)
    const told = isDict(status.payload) ? [...status.payload.keys()] : []
    if (failed.join('\n') !== (status.code === 0 ? '' : told.join('\n'))) {
      this.complain('the status of files does not name those that failed')
    }
    return files
  }

  /** Says nothing more, until the host leaves; what it says meanwhile is heard. */
  async fallSilent(): Promise<never> {
    for (;;) await this.#hear()
  }

  /** Sends a message as it is. */
  async say(message: PlistValue): Promise<void> {
    await this.#lists.send(message)
  }

  /** Sends bytes as they are, whatever they mean. */
  async sayBytes(bytes: Uint8Array): Promise<void> {
    await this.#lists.wire.write(bytes)
  }

  complain(complaint: string): void {
    this.#transcript.complain(this.#where, complaint)
  }

  async #begin(name: string, values: readonly PlistValue[]): Promise<void> {
    if (this.#lists.wire.stream.readableLength > 0) this.complain(`something was said before ${name}`)
    const [first] = values
    this.#transcript.phone(this.#where, name, {
      ...(typeof first === 'string' ? { path: first } : {}),
      ...(isList(first) ? { paths: first.length } : {}),
      ...(isDict(first) && first !== callbacks ? { paths: first.size } : {}),
    })
    await this.say([name, ...values])
  }

  async #status(command: string): Promise<CommandStatus> {
    const message = await this.#hear()
    const status = statusOf(message)
    if (status === null) throw new Error(`${nameOf(message[0])} where the status of ${command} should be`)
    this.#transcript.host(this.#where, 'DLMessageStatusResponse', { command, code: status.code })
    const problem = payloadProblem(command, status)
    if (problem !== null) this.complain(`${command}: ${problem}`)
    return status
  }

  /** What the host says; its good-bye is thrown. */
  async #hear(): Promise<readonly PlistValue[]> {
    const message = await this.#lists.receive()
    if (!isList(message)) throw new Error('a message that is no list')
    if (message[0] !== 'DLMessageDisconnect') return message
    this.#transcript.host(this.#where, 'DLMessageDisconnect')
    if (message[1] !== nothingToSay) this.complain('a good-bye with an odd text')
    throw new HostLeft()
  }
}

const callbacks: PlistDict = new Map([['DLDeviceIOCallbacks', 1]])

/** What a message is called. */
function nameOf(name: PlistValue | undefined): string {
  return typeof name === 'string' ? name : 'a message without a name'
}
