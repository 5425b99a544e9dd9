import { createHash } from 'node:crypto'
import {
  type AttachmentRecord,
  type BackupReader,
  type BackupRef,
  checkReceipt,
  type Device,
  type ImportRecord,
  type OpenBackup,
  type OpenRequest,
  type PartState,
  parseReceipt,
  type SourceDescription,
} from '../import/index.js'
import { HoldfastError } from '../index.js'

/** What a {@link ScriptedPhone} holds. */
export interface PhoneContent {
  readonly records: readonly ImportRecord[]
  /** Content of attachments by key. */
  readonly content: ReadonlyMap<string, Uint8Array>
}

/**
 * A phone and its backup in memory, for unit tests of hosts: the Device and BackupReader ports over given records.
 * It counts what was asked of it, and refuses to let a backup go without a valid receipt, as every Device must.
 */
export class ScriptedPhone implements Device, BackupReader {
  readonly needs = ['device']
  /** Backups made so far: a retry after `extract` must not make another. */
  backupsMade = 0
  /** Whether the backup is there. */
  backupExists = false
  /** Whether opening the backup asks for anything beyond it; for tests that change the source. */
  fingerprint = 'f1'
  /** What tells whether the backup has changed; absent as in a reader that cannot tell. */
  stamp?: NonNullable<BackupReader['stamp']>
  /** What tells whether a file of the backup has changed; null for a reader that cannot tell. */
  fileStamp: string | null = null
  /** What the backup says of its parts. */
  parts: readonly PartState[] = []
  readonly #phone: PhoneContent
  readonly #ownership: BackupRef['ownership']

  constructor(phone: PhoneContent, ownership: BackupRef['ownership'] = 'made') {
    this.#phone = phone
    this.#ownership = ownership
  }

  resources(): readonly string[] {
    return ['device:scripted']
  }

  expectedPath(): string | null {
    return null
  }

  async acquire(context: Parameters<Device['acquire']>[0]): Promise<BackupRef> {
    const backup: BackupRef = { path: '/backups/scripted', ownership: this.#ownership }
    await context.onBackup(backup)
    if (!this.backupExists) this.backupsMade += 1
    this.backupExists = true
    return backup
  }

  async release(
    backup: BackupRef,
    receipt: Parameters<Device['release']>[1],
    options: Parameters<Device['release']>[2],
  ): Promise<{ deleted: boolean }> {
    if (!this.backupExists) return { deleted: true }
    await parseReceipt(receipt)
    if (options.policy !== 'delete') return { deleted: false }
    await checkReceipt(receipt, this.fingerprint, this.fileStamp)
    if (backup.ownership === 'adopted')
      throw new HoldfastError('RELEASE_REFUSED', 'The backup is somebody else’s')
    this.backupExists = false
    return { deleted: true }
  }

  async discard(backup: BackupRef, options: { readonly delete: boolean }): Promise<void> {
    if (options.delete && backup.ownership === 'made') this.backupExists = false
  }

  async open(path: string, { fileStamp = false }: Partial<OpenRequest> = {}): Promise<OpenBackup> {
    if (!this.backupExists) throw new HoldfastError('BACKUP_NOT_FOUND', `There is no backup at ${path}`)
    const { records, content } = this.#phone
    const bytesOf = (record: AttachmentRecord): Uint8Array => {
      const bytes = content.get(record.key)
      if (bytes === undefined) throw new HoldfastError('BACKUP_UNREADABLE', `'${record.key}' cannot be read`)
      return bytes
    }
    const count = (type: ImportRecord['type']): number =>
      records.filter((record) => record.type === type).length
    return {
      source: describe(this.fingerprint, this.parts),
      fileStamp: fileStamp ? this.fileStamp : null,
      totals: async () => ({
        chats: count('chat'),
        messages: count('message'),
        attachments: count('attachment'),
        contacts: count('contact'),
        calls: count('call'),
        voicemails: count('voicemail'),
      }),
      read: async function* ({ after, batchSize, signal }) {
        for (let from = Number(after ?? 0); from < records.length; from += batchSize) {
          signal.throwIfAborted()
          const batch = records.slice(from, from + batchSize)
          yield { records: batch, cursor: from + batch.length }
        }
      },
      content: async function* (record) {
        yield bytesOf(record)
      },
      digest: async (record) => {
        const bytes = bytesOf(record)
        return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
      },
      close: async () => {},
    }
  }
}

function describe(fingerprint: string, parts: readonly PartState[]): SourceDescription {
  return {
    fingerprint,
    udid: 'scripted',
    deviceName: null,
    productType: null,
    osVersion: null,
    takenAt: null,
    encrypted: false,
    wholeness: 'complete',
    remarks: [],
    parts,
  }
}
