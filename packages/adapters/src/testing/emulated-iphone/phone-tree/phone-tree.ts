import type { EntryKind } from '../../synthetic-backup/folder/manifest-writer.js'
import { type BackupFile, fileId } from '../../synthetic-backup/well-known-files.js'
import { bytesContent, type PhoneContent } from './phone-content.js'

/** Something in the tree of a phone. */
export interface PhoneEntry extends BackupFile {
  readonly kind: EntryKind
  /** The name of its blob. */
  readonly fileId: string
  /** What is in it; nothing in directories and symlinks. */
  readonly content: PhoneContent
  /** Where a symlink points. */
  readonly target: string | null
  /** Unix seconds of the last change: another one whenever it is changed. */
  readonly modified: number
  /** The number of the file on the phone; another one when a file is made anew. */
  readonly inode: number
  readonly details: PhoneFileDetails
}

/** What a file may be given besides its content. */
export interface PhoneFileDetails {
  /** Extended attributes, themselves a binary property list. */
  readonly extendedAttributes?: Uint8Array
  /** The size that the manifest claims, which is wrong for databases in use. @default the true one */
  readonly claimedSize?: number
}

const nothing = bytesContent(new Uint8Array(0))

/** The clock of phones begins here, and goes a second on with each change, so that no change goes unseen. */
const firstChange = 1_750_000_000

/** The files of a phone that a backup takes, by domain and path. It may be changed between backups, as a phone is used. */
export class PhoneTree {
  readonly #entries = new Map<string, PhoneEntry>()
  #changes = 0

  /** Puts a file there, or changes the one that is; the folders above it are made. A text is put as UTF-8. */
  put(
    domain: string,
    relativePath: string,
    content: string | Uint8Array | PhoneContent,
    details: PhoneFileDetails = {},
  ): this {
    this.#add({ domain, relativePath }, 'file', contentOf(content), null, details)
    return this
  }

  /** Puts a folder there, and those above it. */
  folder(domain: string, relativePath: string): this {
    this.#addFolder({ domain, relativePath })
    return this
  }

  /** Puts a symlink there. */
  link(domain: string, relativePath: string, target: string): this {
    this.#add({ domain, relativePath }, 'symlink', nothing, target, {})
    return this
  }

  /** Removes what is at a path, and below it. */
  remove(domain: string, relativePath: string): this {
    for (const [id, entry] of this.#entries) {
      const below = relativePath === '' || entry.relativePath.startsWith(`${relativePath}/`)
      if (entry.domain === domain && (below || entry.relativePath === relativePath)) this.#entries.delete(id)
    }
    return this
  }

  /** What is at a path. */
  at(domain: string, relativePath: string): PhoneEntry | undefined {
    return this.#entries.get(fileId({ domain, relativePath }))
  }

  /** Whether something has this file id. */
  has(id: string): boolean {
    return this.#entries.has(id)
  }

  /** Everything, folders before what is in them. */
  entries(): IterableIterator<PhoneEntry> {
    return this.#entries.values()
  }

  /** The files alone. */
  files(): readonly PhoneEntry[] {
    return [...this.#entries.values()].filter(({ kind }) => kind === 'file')
  }

  #add(
    file: BackupFile,
    kind: EntryKind,
    content: PhoneContent,
    target: string | null,
    details: PhoneFileDetails,
  ): void {
    if (kind !== 'directory') this.#addFolder(parentOf(file))
    const id = fileId(file)
    const before = this.#entries.get(id)
    const change = ++this.#changes
    this.#entries.set(id, {
      domain: file.domain,
      relativePath: file.relativePath,
      kind,
      fileId: id,
      content,
      target,
      modified: firstChange + change,
      inode: before?.kind === kind ? before.inode : 4000 + change,
      details,
    })
  }

  #addFolder(folder: BackupFile): void {
    if (this.#entries.has(fileId(folder))) return
    if (folder.relativePath !== '') this.#addFolder(parentOf(folder))
    this.#add(folder, 'directory', nothing, null, {})
  }
}

function parentOf({ domain, relativePath }: BackupFile): BackupFile {
  return { domain, relativePath: relativePath.slice(0, Math.max(0, relativePath.lastIndexOf('/'))) }
}

function contentOf(content: string | Uint8Array | PhoneContent): PhoneContent {
  if (typeof content === 'string') return bytesContent(Buffer.from(content))
  return content instanceof Uint8Array ? bytesContent(content) : content
}
