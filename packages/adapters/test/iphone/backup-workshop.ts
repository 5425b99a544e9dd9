import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '@holdfast/core'
import type { AcquireContext, BackupRef, Device } from '@holdfast/core/import'
import { removeHold } from '../../src/backup-folder/index.js'
import { inspectBackup } from '../../src/ios-backup/index.js'
import {
  appiumMux,
  type IphoneOptions,
  type IphonePhase,
  iphone,
  type MuxTransport,
  plainMux,
} from '../../src/iphone/index.js'
import {
  EmulatedIphone,
  type EmulatedIphoneOptions,
  generatedContent,
  openTestSqlite,
  PhoneTree,
} from '../../src/testing/index.js'

/** Both ways to a phone. */
export const transports: readonly (readonly [string, (address: string) => MuxTransport])[] = [
  ['plainMux', (address) => plainMux({ address })],
  ['appiumMux', (address) => appiumMux({ address })],
]

/** A phone with some files: small ones, an empty one, a large one. */
export function someFiles(count = 40): PhoneTree {
  const tree = new PhoneTree()
    .put('HomeDomain', 'Library/empty', '')
    .put('CameraRollDomain', 'Media/DCIM/film.mov', generatedContent(3_000_000, 'film'))
  for (let index = 0; index < count; index++) {
    tree.put('HomeDomain', `Library/Things/${index}`, generatedContent(100 + index * 37, index))
  }
  return tree
}

/** What happened in one call of `acquire`. */
export interface Attempt {
  readonly phases: readonly IphonePhase[]
  readonly asks: readonly string[]
  readonly backup: BackupRef
}

/** A phone, a folder for its backups, and a device for both. */
export class Workshop {
  readonly phone: EmulatedIphone
  readonly folder: string
  readonly device: Device
  /** The phases of all attempts, each once for as long as it lasts. */
  readonly phases: IphonePhase[] = []
  /** Kinds of what was asked. */
  readonly asks: string[] = []
  /** Called when something is asked. */
  onAsk: (kind: string) => void = () => {}
  previous: BackupRef | null = null
  progress: { readonly done: number; readonly total: number | null }[] = []

  /** The run that made a backup last, and where. */
  #last: { readonly run: string; readonly path: string } | null = null

  private constructor(
    phone: EmulatedIphone,
    folder: string,
    mux: MuxTransport,
    options: Partial<IphoneOptions>,
  ) {
    this.phone = phone
    this.folder = folder
    this.device = iphone({
      folder,
      mux,
      openSqlite: openTestSqlite,
      retryDelay: 50,
      onState: ({ phase }) => {
        if (this.phases.at(-1) !== phase) this.phases.push(phase)
      },
      ...options,
    })
  }

  static async open(
    options: EmulatedIphoneOptions & {
      readonly mux?: (address: string) => MuxTransport
      readonly device?: Partial<IphoneOptions>
    } = {},
  ): Promise<Workshop> {
    const { mux = (address: string) => plainMux({ address }), device = {}, ...emulated } = options
    const phone = await EmulatedIphone.start({ tree: someFiles(), ...emulated })
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-phone-test-'))
    return new Workshop(phone, folder, mux(phone.address), device)
  }

  /** Where the backup lies when it is whole. */
  get path(): string {
    return join(this.folder, this.phone.udid)
  }

  /** Makes a backup, as a run of this id would. A run of another id that made the one before has ended. */
  async acquire({
    run = 'run',
    signal = new AbortController().signal,
    cleanup,
  }: {
    readonly run?: string
    readonly signal?: AbortSignal
    readonly cleanup?: 'delete' | 'keep'
  } = {}): Promise<BackupRef> {
    const last = this.#last
    if (last !== null && last.run !== run) await removeHold(last.path, last.run)
    const context: AcquireContext = {
      run,
      into: [`library:${join(this.folder, 'library.db')}`],
      signal,
      input: { udid: this.phone.udid, ...(cleanup === undefined ? {} : { cleanup }) },
      previous: this.previous,
      onBackup: async (backup) => {
        this.previous = backup
      },
      progress: (progress) => void this.progress.push(progress),
      activity: () => {},
      ask: ({ kind, elsewhere }) => {
        this.asks.push(kind)
        this.onAsk(kind)
        return new Promise((resolve, reject) => {
          elsewhere?.then(resolve, reject)
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
    }
    const made = await this.device.acquire(context)
    this.#last = { run, path: made.path }
    return made
  }

  /** How whole the backup is that lies in its place; null where none is. */
  async wholeness(): Promise<string | null> {
    if (!(await readdir(this.folder)).includes(this.phone.udid)) return null
    return (await inspectBackup(this.path, { openSqlite: openTestSqlite })).wholeness
  }

  /** What lies beside the backup, marks of runs left out. */
  async beside(): Promise<readonly string[]> {
    const names = await readdir(this.folder)
    return names
      .filter((name) => name !== this.phone.udid && !name.includes('holdfast-hold'))
      .map((name) => name.replace(`.${this.phone.udid}.holdfast-`, ''))
  }

  async close(): Promise<void> {
    await this.phone.stop()
    await rm(this.folder, { recursive: true })
  }
}

/** A clock whose seconds are shorter than those of others. */
export function hurriedClock(times: number): Clock {
  return {
    ...systemClock,
    setTimeout: (callback, milliseconds) => systemClock.setTimeout(callback, milliseconds / times),
  }
}

/** SHA-256 over the names and contents of all files of a folder. */
export async function treeDigest(root: string): Promise<string> {
  const digest = createHash('sha256')
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    digest.update(`${name}\n`)
    if ((await stat(join(root, name))).isFile()) digest.update(await readFile(join(root, name)))
  }
  return digest.digest('hex')
}
