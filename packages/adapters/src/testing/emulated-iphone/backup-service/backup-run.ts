import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isDict } from '../../../plist/plist-value.js'
import type { OpenSqlite } from '../../../sqlite/driver.js'
import { hasDigests } from '../../synthetic-backup/folder/manifest-writer.js'
import {
  type BackupIdentity,
  manifestPlist,
  type SnapshotState,
  statusPlist,
} from '../../synthetic-backup/folder/property-lists.js'
import { blobName } from '../../synthetic-backup/well-known-files.js'
import { bytesContent, fileContent, type PhoneContent } from '../phone-tree/phone-content.js'
import type { PhoneEntry, PhoneTree } from '../phone-tree/phone-tree.js'
import { type HostState, lookAtHost, readManifestBefore } from './backup-before.js'
import { backupIdentity } from './backup-identity.js'
import type { BackupPassword } from './backup-password.js'
import { sendContent } from './file-sender.js'
import { claimRoom, ended, list, makeFolders, readHostPlist } from './host-side.js'
import type { Moments } from './moments.js'
import { NewManifest } from './new-manifest.js'
import type { OldManifest } from './old-manifest.js'
import { failureCodes, PhoneFailure } from './phone-failure.js'
import type { PhoneLink } from './phone-link.js'
import { batches, planUpload } from './upload-plan.js'

/** What a phone needs for a backup of itself. */
export interface PhoneToBackUp {
  readonly udid: string
  readonly name: string
  readonly iosVersion: string
  readonly tree: PhoneTree
  readonly password: BackupPassword
  readonly moments: Moments
  /** Files that cannot be read, by `domain-path`: the words with which each fails. */
  readonly unreadable: ReadonlyMap<string, string>
  /** Is told each file that was sent whole, by `domain-path`. */
  readonly onSent: (name: string) => void
  readonly openSqlite: OpenSqlite
  /** An existing folder for the manifests while it is made. */
  readonly scratch: string
}

/** Files are moved to their places this many at a time, as phones do it. */
const movesAtOnce = 128

/** Sending takes the progress up to here, and moving the rest. */
const sentProgress = 95

/**
 * Makes a backup of a phone at a host, in the order in which phones do (from public logs of libimobiledevice): everything new goes into the
 * folder Snapshot, is moved to its place when all of it is there, and only then the status says that the backup is finished. What was
 * there before stays whole until the moving begins.
 *
 * How a real phone goes on after an interruption is not known. This one throws away what lies in Snapshot; where the moving had begun,
 * the backup before is torn, and it makes a full one.
 *
 * @throws PhoneFailure with what the host is to be told.
 */
export async function makeBackup(link: PhoneLink, phone: PhoneToBackUp, forceFull: boolean): Promise<void> {
  const folder = await mkdtemp(join(phone.scratch, 'emulated-iphone-'))
  const run = new BackupRun(link, phone, folder)
  try {
    await run.make(forceFull)
  } finally {
    run.close()
    await rm(folder, { recursive: true, force: true })
  }
}

class BackupRun {
  readonly #link: PhoneLink
  readonly #phone: PhoneToBackUp
  readonly #folder: string
  readonly #udid: string
  #before: OldManifest | null = null
  #manifest: NewManifest | null = null
  /** Files whose sending failed. */
  readonly #failed: string[] = []
  #lastDeviceName = 0

  constructor(link: PhoneLink, phone: PhoneToBackUp, folder: string) {
    this.#link = link
    this.#phone = phone
    this.#folder = folder
    this.#udid = phone.udid
  }

  async make(forceFull: boolean): Promise<void> {
    const { moments, tree } = this.#phone
    const host = await lookAtHost(this.#link, this.#udid)
    await moments.come('listed')
    this.#before = forceFull || !isFinished(host) ? null : await this.#readBefore()
    if (this.#before !== null) await moments.come('manifest-read')
    const uuid = this.#before === null ? null : host.status?.get('UUID')
    const identity = backupIdentity(this.#phone, typeof uuid === 'string' ? uuid : null)

    const folder = join(this.#folder, 'new')
    await mkdir(folder)
    const manifest = new NewManifest(folder, this.#phone.openSqlite)
    this.#manifest = manifest
    const plan = planUpload(tree, this.#before, manifest)
    await claimRoom(this.#link, plan.bytes)
    await moments.come('room')

    const gone = await this.#gone(host)
    if (host.snapshot.size > 0) await this.#remove([`${this.#udid}/Snapshot`], 0)
    await this.#makeFolders(plan.files)
    await this.#sendStatus('uploading', identity, 'Snapshot/Status.plist', 0)
    await this.#sendFiles(plan.files, plan.bytes, manifest)
    const plist = await this.#sendManifest(manifest, identity)
    await moments.come('sent')
    await this.#move(plan.files, identity)
    await moments.come('removing')
    if (gone.length > 0) await this.#remove(gone, 99)
    await this.#remove([`${this.#udid}/Snapshot`], 99.5)
    await moments.come('finishing')
    await this.#sendStatus('finished', identity, 'Status.plist', 100)
    await this.#confirm(plist)
    await moments.come('finished')
  }

  /** Closes what is open; repeat calls are safe. */
  close(): void {
    this.#before?.close()
    this.#manifest?.abandon()
    this.#manifest = null
  }

  async #readBefore(): Promise<OldManifest | null> {
    const { password, openSqlite } = this.#phone
    return readManifestBefore(this.#link, this.#udid, {
      folder: join(this.#folder, 'before'),
      password,
      openSqlite,
    })
  }

  /** Paths of blobs that the new backup has no more: of files that are gone, or in a full backup all that lie there and are of none. */
  async #gone(host: HostState): Promise<readonly string[]> {
    const { tree } = this.#phone
    const isFile = (id: string): boolean => tree.has(id)
    if (this.#before !== null) {
      return [...this.#before.files()]
        .filter((id) => !isFile(id))
        .map((id) => `${this.#udid}/${blobName(id)}`)
    }
    const gone: string[] = []
    for (const [name, entry] of host.root) {
      if (!/^[\da-f]{2}$/.test(name) || !isDict(entry)) continue
      const blobs = await list(this.#link, `${this.#udid}/${name}`)
      for (const id of blobs.keys()) if (!isFile(id)) gone.push(`${this.#udid}/${name}/${id}`)
    }
    return gone
  }

  async #makeFolders(files: readonly PhoneEntry[]): Promise<void> {
    const names = [...new Set(files.map(({ fileId }) => fileId.slice(0, 2)))].toSorted()
    const roots = [this.#udid, `${this.#udid}/Snapshot`]
    const inEach = roots.flatMap((root) => names.map((name) => `${root}/${name}`))
    await makeFolders(this.#link, [...roots, ...inEach])
  }

  async #sendFiles(files: readonly PhoneEntry[], total: number, manifest: NewManifest): Promise<void> {
    let sent = 0
    for (const batch of batches(files)) {
      sent += batch.bytes
      const progress = total === 0 ? sentProgress : (sent / total) * sentProgress
      const status = await this.#link.upload(progress, batch.bytes, async (stream) => {
        for (const entry of batch.files) {
          const { moments, password, unreadable } = this.#phone
          await moments.come('file')
          const name = `${entry.domain}-${entry.relativePath}`
          const problem = unreadable.get(name)
          const inside = moments.isPlanned('inside-file')
            ? { onFirstPiece: () => moments.come('inside-file') }
            : {}
          const file = await sendContent(
            {
              files: stream,
              encryption: password.encryption,
              withDigest: hasDigests(entry.domain),
              problem,
              ...inside,
            },
            this.#place(`Snapshot/${blobName(entry.fileId)}`),
            entry.content,
          )
          if (problem === undefined) {
            manifest.add(entry, file)
            this.#phone.onSent(name)
          } else this.#failed.push(name)
        }
      })
      ended(status, failureCodes.uploads, 'Could not store files')
    }
    if (this.#failed.length > 0) {
      throw new PhoneFailure(failureCodes.uploads, `Multiple errors uploading files: ${this.#failed.length}`)
    }
  }

  /** Sends the manifest, in both its forms; gives the property list. */
  async #sendManifest(manifest: NewManifest, identity: BackupIdentity): Promise<Uint8Array> {
    const { encryption } = this.#phone.password
    manifest.finish()
    this.#manifest = null
    const key = encryption === null ? null : await encryption.encryptManifest(manifest.path)
    const content = manifestPlist(
      identity,
      encryption === null ? undefined : { keyBag: encryption.keyBag, manifestKey: key },
    )
    const { size } = await stat(manifest.path)
    await this.#sendOwn('Snapshot/Manifest.db', fileContent(manifest.path, size))
    await this.#sendOwn('Snapshot/Manifest.plist', bytesContent(content))
    return content
  }

  async #sendStatus(
    state: SnapshotState,
    identity: BackupIdentity,
    path: string,
    progress: number,
  ): Promise<void> {
    const content = statusPlist(
      { uuid: identity.uuid, takenAt: identity.generation.takenAt, isFull: this.#before === null },
      state,
    )
    await this.#sendOwn(path, bytesContent(content), progress)
  }

  /** Sends a file of the backup itself, which is never encrypted on its way. */
  async #sendOwn(path: string, content: PhoneContent, progress = sentProgress): Promise<void> {
    const status = await this.#link.upload(progress, content.size, async (files) => {
      await sendContent({ files, encryption: null, withDigest: false }, this.#place(path), content)
    })
    ended(status, failureCodes.uploads, `Could not store ${path}`)
  }

  /** Moves everything to its place: the status first, so that a backup that stops here says what it is, and the manifest last. */
  async #move(files: readonly PhoneEntry[], identity: BackupIdentity): Promise<void> {
    await this.#sendStatus('moving', identity, 'Snapshot/Status.plist', sentProgress)
    const names = files.map(({ fileId }) => blobName(fileId))
    const groups = [['Status.plist'], ...inGroups(names, movesAtOnce), ['Manifest.db', 'Manifest.plist']]
    for (const [index, group] of groups.entries()) {
      await this.#phone.moments.come('moving')
      const moves = new Map(
        group.map((name) => [`${this.#udid}/Snapshot/${name}`, `${this.#udid}/${name}`] as const),
      )
      const progress = sentProgress + ((index + 1) / groups.length) * 3
      ended(
        await this.#link.arrange('DLMessageMoveItems', moves, progress),
        failureCodes.io,
        'Could not move',
      )
    }
  }

  async #remove(paths: readonly string[], progress: number): Promise<void> {
    ended(
      await this.#link.arrange('DLMessageRemoveItems', paths, progress),
      failureCodes.io,
      'Could not remove',
    )
  }

  /** Reads back what the host has now. */
  async #confirm(manifest: Uint8Array): Promise<void> {
    const status = await readHostPlist(this.#link, `${this.#udid}/Status.plist`, 100)
    let read = Buffer.alloc(0)
    await this.#link.download([`${this.#udid}/Manifest.plist`], 100, (_, bytes) => {
      read = Buffer.concat([read, bytes])
    })
    if (status?.get('SnapshotState') === 'finished' && read.equals(manifest)) return
    throw new PhoneFailure(failureCodes.badManifest, 'The host does not have what it was sent')
  }

  /** Where the phone has a file, which says nothing, and where it wants it. */
  #place(path: string): { readonly devicePath: string; readonly path: string } {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return { devicePath: `/.b/${++this.#lastDeviceName}/${name}`, path: `${this.#udid}/${path}` }
  }
}

/** Whether the host has a backup that one can go on with. */
function isFinished({ status, root }: HostState): boolean {
  return status?.get('SnapshotState') === 'finished' && root.has('Manifest.plist') && root.has('Manifest.db')
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
