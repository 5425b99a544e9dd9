import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { isList, type PlistDict, Real } from '../../../plist/plist-value.js'
import type { OpenSqlite } from '../../../sqlite/driver.js'
import type { AfcService } from '../afc-service.js'
import type { NotificationService } from '../notification-service.js'
import type { PhoneService } from '../phone-services.js'
import type { PhoneTree } from '../phone-tree/phone-tree.js'
import type { Transcript } from '../transcript.js'
import { BackupPassword } from './backup-password.js'
import { makeBackup, type PhoneToBackUp } from './backup-run.js'
import { type BackupMoment, type MomentAction, Moments } from './moments.js'
import { PasscodeSheet } from './passcode-sheet.js'
import { failureCodes, HostLeft, PhoneFailure } from './phone-failure.js'
import { type LinkVersion, PhoneLink } from './phone-link.js'

/** What the service needs of its phone. */
export interface BackedUpPhone {
  readonly udid: string
  readonly name: string
  readonly iosVersion: string
  readonly tree: PhoneTree
  /** The password of its backups; null when they are not encrypted. */
  readonly backupPassword: string | null
  readonly linkVersion: LinkVersion
  readonly openSqlite: OpenSqlite
  /** For the manifests of a backup while it is made. */
  readonly scratch: string
  readonly notifications: NotificationService
  readonly files: AfcService
  readonly transcript: Transcript
}

/** Speaks to a host in place of the phone's own backup, as a phone that is odd or means harm. `backUp` makes the backup as usual. */
export type BackupScript = (
  link: PhoneLink,
  phone: { readonly udid: string; readonly backUp: () => Promise<void> },
) => Promise<void>

const syncLock = '/com.apple.itunes.lock_sync'

/** The backup service of a phone, `com.apple.mobilebackup2`: it makes backups of the phone's tree, and changes their password. */
export class BackupService implements PhoneService {
  readonly name = 'com.apple.mobilebackup2'
  /** The files of the phone. */
  readonly tree: PhoneTree
  readonly passcode: PasscodeSheet
  /** Files that the phone cannot read, by `domain-path`: the words with which each fails. A backup then ends with 104. */
  readonly unreadable = new Map<string, string>()
  /** What it does in place of the next backup; null for a backup. */
  script: BackupScript | null = null
  #sent: string[] = []
  readonly #phone: BackedUpPhone
  readonly #password: BackupPassword
  readonly #moments = new Moments()

  constructor(phone: BackedUpPhone) {
    this.#phone = phone
    this.tree = phone.tree
    this.passcode = new PasscodeSheet(phone.notifications)
    this.#password = new BackupPassword(phone.udid, phone.backupPassword)
  }

  /** Whether backups are encrypted: what lockdown calls `WillEncrypt`. */
  get willEncrypt(): boolean {
    return this.#password.encryption !== null
  }

  /** The files that the last backup sent whole, by `domain-path`, in their order. */
  get sent(): readonly string[] {
    return this.#sent
  }

  /** Sets or clears the password on the phone itself. */
  setPassword(password: string | null): void {
    this.#password.set(password)
  }

  /** Has something happen once, when a moment of a backup comes for the first time from now on, or for the `nth`. */
  at(moment: BackupMoment, action: MomentAction, nth = 1): void {
    this.#moments.plan(moment, action, nth)
  }

  /** Has a backup end at a moment with a code of the phone. */
  failAt(moment: BackupMoment, code: number, description: string, nth = 1): void {
    this.at(
      moment,
      () => {
        throw new PhoneFailure(code, description)
      },
      nth,
    )
  }

  /**
   * Somebody cancels on the phone: hosts that listen are told, and the backup ends at its next moment. With which code real phones do
   * that is not known.
   */
  async cancel(): Promise<void> {
    await this.#phone.notifications.tell('com.apple.itunes-client.syncCancelRequest')
    this.#moments.interrupt(new PhoneFailure(failureCodes.generic, 'Backup cancelled'))
  }

  /** Forgets what was planned and has not happened. */
  clearPlans(): void {
    this.#moments.clear()
  }

  async serve(stream: Duplex): Promise<void> {
    const { linkVersion, transcript } = this.#phone
    const link = await PhoneLink.open(stream, { version: linkVersion, where: this.name, transcript })
    try {
      await this.#hello(link)
      for (;;) await this.#serveOne(link, await link.request())
    } catch (error) {
      if (error instanceof HostLeft) return
      if (isHoldfastError(error) && error.code === 'DEVICE_LOST') transcript.phone(this.name, 'host lost')
      throw error
    }
  }

  async #hello(link: PhoneLink): Promise<void> {
    const hello = await link.request()
    if (hello.get('MessageName') !== 'Hello') throw new Error('a request before Hello')
    const offered = hello.get('SupportedProtocolVersions')
    const reals = isList(offered) ? offered.filter((version) => version instanceof Real) : []
    if (!isList(offered) || reals.length !== offered.length)
      link.complain('versions of the protocol that are no reals')
    const known = reals.some(({ value }) => value === 2.1)
    await link.respond({ ErrorCode: known ? 0 : 1, ProtocolVersion: new Real(2.1) })
  }

  async #serveOne(link: PhoneLink, request: PlistDict): Promise<void> {
    const target = request.get('TargetIdentifier')
    if (target !== this.#phone.udid) link.complain('a request for another phone')
    try {
      switch (request.get('MessageName')) {
        case 'Backup':
          await this.#backUp(link, request)
          break
        case 'ChangePassword':
          await this.#changePassword(request)
          break
        default:
          throw new PhoneFailure(failureCodes.generic, 'Unknown request')
      }
      await link.respond({ ErrorCode: 0 })
    } catch (error) {
      if (!(error instanceof PhoneFailure)) throw error
      await link.respond({ ErrorCode: error.code, ErrorDescription: error.message })
    }
  }

  async #backUp(link: PhoneLink, request: PlistDict): Promise<void> {
    const { udid, name, iosVersion, openSqlite, scratch, files } = this.#phone
    if (!files.isLocked(syncLock)) link.complain('a backup without the lock of syncs')
    const options = request.get('Options')
    const forceFull = options instanceof Map && options.get('ForceFullBackup') === true
    await this.#moments.come('requested')
    await this.passcode.ask(() => this.#moments.come('passcode'))
    this.#sent = []
    const { tree, unreadable, script } = this
    const phone: PhoneToBackUp = {
      ...{ udid, name, iosVersion, openSqlite, scratch, tree, unreadable },
      password: this.#password,
      moments: this.#moments,
      onSent: (file) => this.#sent.push(file),
    }
    const backUp = (): Promise<void> => makeBackup(link, phone, forceFull)
    this.script = null
    await (script === null ? backUp() : script(link, { udid, backUp }))
  }

  async #changePassword(request: PlistDict): Promise<void> {
    await this.passcode.ask(() => this.#moments.come('passcode'))
    this.#password.change(textOf(request, 'OldPassword'), textOf(request, 'NewPassword'))
    await this.#phone.notifications.tell('com.apple.mobile.backup.domain_changed')
  }
}

function textOf(request: PlistDict, key: string): string | null {
  const value = request.get(key)
  return typeof value === 'string' && value !== '' ? value : null
}
