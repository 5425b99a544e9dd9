import { createHash } from 'node:crypto'
import {
  checkOpen,
  collectContent,
  type HeldImport,
  type ImportRecord,
  type ImportRef,
  importUnknown,
  isSameSource,
  isToBePublished,
  itemOutcome,
  type LibraryProblem,
  type PublishedImport,
  type Receipt,
  type RecordBatch,
  receiptOfImport,
  receiptOrNull,
  recordIdentity,
  type SkipReason,
  type StagingState,
  type Storage,
  type StoredItem,
} from '../import/index.js'
import { canonicalJson } from '../index.js'

/** A version of a record. It belongs to the import that wrote it, is never changed, and may replace the version before. */
interface Row {
  import: string
  readonly identity: string
  readonly owner: string
  /** JSON text, so that nobody changes what was stored by keeping a reference to it. */
  record: string
  readonly hash: string
  readonly sha256: string | null
  supersedes: Row | null
  isGone: boolean
}

interface Item {
  readonly type: ImportRecord['type']
  readonly key: string
  readonly outcome: StoredItem['outcome']
  readonly reason: SkipReason | null
  readonly row: Row
}

interface Staged {
  readonly ref: ImportRef
  /** Changes of what is published, when staging began. */
  readonly base: number
  readonly items: Item[]
  /** Null where a part of it may have come from the source as it was before a change. */
  stamp: string | null
  cursor: RecordBatch['cursor'] | null
  lastBatch: string | null
  receipt: Receipt | null
  /** Place in the order of publication. */
  publication: number
}

/** What readers of a {@link MemoryLibrary} see. */
export interface VisibleItem {
  readonly owner: string
  readonly record: ImportRecord
  /** Lower-case hex; null for records without content. */
  readonly sha256: string | null
}

/**
 * A library in memory, for unit tests of hosts. It keeps the whole contract of the Storage port, and lasts as long as the object:
 * runners may come and go on it, as they do on a database.
 */
export class MemoryLibrary implements Storage {
  readonly resources: readonly string[]
  readonly format = 'memory-library 1'
  #rows: Row[] = []
  readonly #files = new Map<string, Uint8Array>()
  readonly #imports = new Map<string, Staged>()
  #changes = 0

  /** Two libraries of one `name` are the same one to the engine. */
  constructor(name = 'memory') {
    this.resources = [`library:${name}`]
  }

  /** Everything that readers see, in the order in which it was stored. */
  visible(): readonly VisibleItem[] {
    return this.#rows
      .filter((row) => this.#isVisible(row))
      .map(({ owner, record, sha256 }) => ({ owner, record: parseRecord(record), sha256 }))
  }

  /** Content by its SHA-256, staged content included. */
  contents(): ReadonlyMap<string, Uint8Array> {
    return this.#files
  }

  async check(): Promise<void> {}

  async begin(ref: ImportRef): Promise<StagingState> {
    const known = this.#imports.get(ref.id)
    const isStale = known !== undefined && (known.base !== this.#changes || !isSameSource(known.ref, ref))
    if (known !== undefined && known.receipt === null && isStale) this.#drop(known)
    let staged = this.#imports.get(ref.id)
    if (staged === undefined) {
      staged = {
        ref,
        base: this.#changes,
        items: [],
        stamp: ref.stamp ?? null,
        cursor: null,
        lastBatch: null,
        receipt: null,
        publication: 0,
      }
      this.#imports.set(ref.id, staged)
    } else if (ref.stamp !== undefined && ref.stamp !== staged.stamp) staged.stamp = null
    return { cursor: staged.cursor, items: staged.items.length, receipt: staged.receipt }
  }

  async write(id: string, batch: RecordBatch, options: Parameters<Storage['write']>[2]): Promise<void> {
    const staged = this.#get(id)
    checkOpen(this.#held(staged))
    const written = canonicalJson(batch)
    if (staged.lastBatch === written) return
    const contents = new Map<string, Uint8Array>()
    for (const record of batch.records) {
      options.signal.throwIfAborted()
      if (record.type !== 'attachment' || record.unavailable !== null) continue
      const content = await collectContent(options.content(record, options.signal), options.signal)
      contents.set(record.key, content)
    }
    // Nothing waits from here on, so nobody sees a part of it.
    for (const content of contents.values()) this.#files.set(hashOf(content), content)
    for (const record of batch.records) {
      const content = contents.get(record.key)
      this.#stage(staged, record, content === undefined ? null : hashOf(content))
    }
    staged.cursor = batch.cursor
    staged.lastBatch = written
  }

  async *readBack(id: string, { signal }: Parameters<Storage['readBack']>[1]): AsyncGenerator<StoredItem> {
    for (const { type, key, outcome, reason, row } of [...this.#get(id).items]) {
      signal.throwIfAborted()
      const file = row.sha256 === null ? undefined : this.#files.get(row.sha256)
      const content = file === undefined ? null : { sha256: hashOf(file), bytes: file.length }
      const record = row.isGone ? null : parseRecord(row.record)
      yield { type, key, outcome, reason, record, content, difference: differenceOf(row, content) }
    }
  }

  async publish(...[id, receipt]: Parameters<Storage['publish']>): Promise<void> {
    const staged = this.#get(id)
    const sealed = await receiptOfImport(staged.ref, receipt)
    if (!isToBePublished(this.#held(staged), sealed)) return
    this.#changes += 1
    staged.receipt = sealed
    staged.publication = this.#changes
  }

  async discard(id: string): Promise<void> {
    const staged = this.#imports.get(id)
    if (staged === undefined) return
    if (staged.receipt !== null) this.#changes += 1
    this.#drop(staged)
  }

  async findUnchanged({ owner, stamp }: ImportRef): Promise<Receipt | null> {
    if (stamp === undefined) return null
    const found = this.#published().findLast((each) => each.ref.owner === owner && each.stamp === stamp)
    const isHeld = (row: Row): boolean =>
      !row.isGone && !this.#isSuperseded(row) && (row.sha256 === null || this.#isWhole(row.sha256))
    return found?.items.every(({ row }) => isHeld(row)) === true ? found.receipt : null
  }

  async imports(): Promise<readonly PublishedImport[]> {
    return Promise.all(
      this.#published().map(async ({ ref, receipt }) => ({
        id: ref.id,
        owner: ref.owner,
        publishedAt: receipt?.verifiedAt ?? 0,
        receipt: await receiptOrNull(receipt),
      })),
    )
  }

  async *audit({ import: id, signal }: Parameters<Storage['audit']>[0]): AsyncGenerator<LibraryProblem> {
    if (id !== undefined) this.#get(id)
    const seen = new Map<string, number>()
    for (const row of this.#rows) {
      signal.throwIfAborted()
      if (this.#isVisible(row)) seen.set(row.identity, (seen.get(row.identity) ?? 0) + 1)
    }
    for (const row of this.#rows) {
      if (id !== undefined && row.import !== id) continue
      const { type, key } = parseRecord(row.record)
      const about = { import: row.import, type, key, detail: null }
      const owner = this.#imports.get(row.import)
      const isListed = owner?.items.some((item) => item.row === row) === true
      const isOthers = [...this.#imports.values()].some(
        ({ ref, items }) =>
          ref.id !== row.import && items.some((item) => item.row === row && item.outcome === 'stored'),
      )
      if (isOthers) yield { problem: 'row-astray', ...about }
      else if (!isListed) yield { problem: 'row-unlisted', ...about }
      else if (this.#isVisible(row) && (seen.get(row.identity) ?? 0) > 1)
        yield { problem: 'row-doubled', ...about }
      else if (this.#isPublished(row) && !seen.has(row.identity) && type !== 'unreadable' && !row.isGone) {
        yield { problem: 'row-hidden', ...about }
      }
    }
    if (id !== undefined) return
    const used = new Set(this.#rows.map(({ sha256 }) => sha256))
    for (const sha256 of this.#files.keys()) {
      if (!used.has(sha256))
        yield { problem: 'file-unlisted', import: null, type: 'file', key: sha256, detail: null }
    }
  }

  /** Adds what no import brought, behind the library's back: a copy of a message as if `import` had brought it, or a file. */
  plant(
    what:
      | { readonly message: string; readonly like: string; readonly import: string }
      | { readonly file: string },
  ): void {
    if ('file' in what) {
      const content = new TextEncoder().encode(what.file)
      this.#files.set(hashOf(content), content)
      return
    }
    const row = this.#rows.find(({ record }) => parseRecord(record).key === what.like)
    if (row === undefined) return
    const record = JSON.stringify({ ...parseRecord(row.record), key: what.message, guid: what.message })
    const identity = canonicalJson([row.owner, recordIdentity(parseRecord(record), null)])
    this.#rows.push({
      ...row,
      record,
      identity,
      import: what.import,
      hash: rowHash(record, null),
      supersedes: null,
    })
  }

  /** Lets a message change hands, behind the library's back. */
  move(message: string, to: string): void {
    for (const row of this.#rows) if (parseRecord(row.record).key === message) row.import = to
  }

  /** Damages what is stored, behind the library's back, as a failing disk or another program would. */
  tamper(
    what: { readonly file: string } | { readonly message: string } | { readonly receiptOf: string },
    how: 'changed' | 'removed',
  ): void {
    if ('receiptOf' in what) {
      const staged = this.#get(what.receiptOf)
      if (staged.receipt !== null) staged.receipt = { ...staged.receipt, verifiedAt: 0 }
      return
    }
    if ('file' in what) {
      const content = new Uint8Array(this.#files.get(what.file) ?? [])
      if (how === 'removed') this.#files.delete(what.file)
      else this.#files.set(what.file, content.fill((content[0] ?? 0) ^ 1, 0, 1))
      return
    }
    for (const row of this.#rows) {
      const record = parseRecord(row.record)
      if (record.key !== what.message) continue
      if (how === 'removed') row.isGone = true
      else row.record = JSON.stringify({ ...record, text: 'Tampered' })
    }
  }

  #stage(staged: Staged, record: ImportRecord, sha256: string | null): void {
    const { ref } = staged
    const identity = canonicalJson([
      ref.owner,
      recordIdentity(record, ref.udid) ?? `unreadable ${record.key}`,
    ])
    const text = JSON.stringify(record)
    const hash = rowHash(text, sha256)
    const intact = this.#rows.filter((row) => row.identity === identity && !row.isGone)
    const own = intact.find((row) => row.import === ref.id)
    const before = own ?? intact.find((row) => this.#isVisible(row)) ?? null
    const isPresent =
      before !== null && before.hash === hash && rowHash(before.record, before.sha256) === hash
    const { type, key } = record
    const { outcome, reason } = itemOutcome(record, isPresent)
    if (isPresent) {
      staged.items.push({ type, key, outcome, reason, row: before })
      return
    }
    // A source that tells one key twice, differently: the first is stored, the second is told.
    const isTwice = own !== undefined
    const row: Row = {
      import: ref.id,
      identity: isTwice ? `${identity} again` : identity,
      owner: ref.owner,
      record: text,
      hash,
      sha256,
      supersedes: isTwice ? null : before,
      isGone: false,
    }
    this.#rows.push(row)
    staged.items.push({ type, key, outcome: isTwice ? 'failed' : outcome, reason, row })
  }

  /** Takes an import back: rows that later imports rely on pass to the first of these, the others go, with their content. */
  #drop({ ref }: Staged): void {
    this.#imports.delete(ref.id)
    const heirs = [...this.#published(), ...this.#imports.values()]
    for (const row of this.#rows.filter((candidate) => candidate.import === ref.id)) {
      const heir = heirs.find(({ items }) => items.some((item) => item.row === row))
      if (heir !== undefined) {
        row.import = heir.ref.id
        continue
      }
      for (const later of this.#rows) if (later.supersedes === row) later.supersedes = row.supersedes
      this.#rows = this.#rows.filter((candidate) => candidate !== row)
    }
    const used = new Set(this.#rows.map(({ sha256 }) => sha256))
    for (const sha256 of this.#files.keys()) if (!used.has(sha256)) this.#files.delete(sha256)
  }

  #isWhole(sha256: string): boolean {
    const content = this.#files.get(sha256)
    return content !== undefined && hashOf(content) === sha256
  }

  #isVisible(row: Row): boolean {
    if (row.isGone || !this.#isPublished(row) || parseRecord(row.record).type === 'unreadable') return false
    return !this.#isSuperseded(row)
  }

  #isSuperseded(row: Row): boolean {
    return this.#rows.some((newer) => newer.supersedes === row && this.#isPublished(newer))
  }

  #isPublished(row: Row): boolean {
    return (this.#imports.get(row.import)?.receipt ?? null) !== null
  }

  #published(): readonly Staged[] {
    return [...this.#imports.values()]
      .filter(({ receipt }) => receipt !== null)
      .sort((a, b) => a.publication - b.publication)
  }

  #held({ ref, receipt, base }: Staged): HeldImport {
    return { id: ref.id, receipt, isStale: base !== this.#changes }
  }

  #get(id: string): Staged {
    const staged = this.#imports.get(id)
    if (staged !== undefined) return staged
    throw importUnknown(id)
  }
}

function differenceOf(row: Row, content: StoredItem['content']): StoredItem['difference'] {
  if (row.isGone) return 'row-missing'
  if (rowHash(row.record, row.sha256) !== row.hash) return 'row-changed'
  if (row.sha256 === null) return null
  if (content === null) return 'file-missing'
  return content.sha256 === row.sha256 ? null : 'file-changed'
}

function parseRecord(text: string): ImportRecord {
  // Written by `#stage` from a record.
  return JSON.parse(text) as ImportRecord
}

function rowHash(record: string, sha256: string | null): string {
  return hashOf(new TextEncoder().encode(`${canonicalJson(parseRecord(record))} ${sha256 ?? ''}`))
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
