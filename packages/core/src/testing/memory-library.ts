import { createHash } from 'node:crypto'
import type { PublishedImport, Receipt, RecordBatch, Storage, StoredItem } from '../import/index.js'
import { parseReceipt } from '../import/index.js'
import { canonicalJson, HoldfastError } from '../index.js'

interface Staged {
  readonly owner: string
  readonly items: { item: StoredItem; content: Uint8Array | null }[]
  cursor: RecordBatch['cursor'] | null
  /** Publications of the library when staging began. */
  base: number
  receipt: Receipt | null
  publishedAt: number
}

/** What readers of a {@link MemoryLibrary} see. */
export interface VisibleItem {
  readonly type: string
  readonly key: string
  readonly owner: string
  readonly record: unknown
  readonly sha256: string | null
}

/**
 * A library in memory, for unit tests of hosts: keeps the contract of the Storage port, and lasts as long as the object, like a
 * database that survives the runner.
 */
export class MemoryLibrary implements Storage {
  readonly resources: readonly string[]
  readonly #imports = new Map<string, Staged>()
  readonly #order: string[] = []
  #publications = 0

  /** `name`: two libraries of one name are the same one to the engine. */
  constructor(name = 'memory') {
    this.resources = [`library:${name}`]
  }

  /** What readers see: published items, the newest version of each, in the order in which they were stored. */
  visible(): readonly VisibleItem[] {
    const seen = new Map<string, VisibleItem>()
    for (const id of this.#order) {
      const { owner, items } = this.#get(id)
      for (const { item } of items) {
        if (item.outcome !== 'stored' && item.outcome !== 'skipped') continue
        const { type, key, record, content } = item
        seen.set(`${owner} ${type} ${key}`, { type, key, owner, record, sha256: content?.sha256 ?? null })
      }
    }
    return [...seen.values()]
  }

  async check(): Promise<void> {}

  async begin(ref: Parameters<Storage['begin']>[0]): ReturnType<Storage['begin']> {
    let staged = this.#imports.get(ref.id)
    if (staged === undefined || (staged.receipt === null && staged.base !== this.#publications)) {
      staged = {
        owner: ref.owner,
        items: [],
        cursor: null,
        base: this.#publications,
        receipt: null,
        publishedAt: 0,
      }
      this.#imports.set(ref.id, staged)
    }
    return { cursor: staged.cursor, items: staged.items.length, receipt: staged.receipt }
  }

  async write(id: string, batch: RecordBatch, options: Parameters<Storage['write']>[2]): Promise<void> {
    const staged = this.#get(id)
    const written: Staged['items'] = []
    for (const record of batch.records) {
      options.signal.throwIfAborted()
      let content: Uint8Array | null = null
      if (record.type === 'attachment' && record.unavailable === null) {
        content = await collect(options.content(record, options.signal))
      }
      const reason = record.type === 'attachment' ? record.unavailable : null
      const sha256 = content === null ? null : hash(content)
      const known = this.visible().find(
        (item) => item.owner === staged.owner && item.type === record.type && item.key === record.key,
      )
      const unchanged =
        known !== undefined &&
        canonicalJson(known.record) === canonicalJson(record) &&
        known.sha256 === sha256
      const outcome =
        record.type === 'unreadable'
          ? 'failed'
          : reason !== null
            ? 'skipped'
            : unchanged
              ? 'present'
              : 'stored'
      written.push({
        content,
        item: {
          outcome,
          reason,
          record,
          type: record.type,
          key: record.key,
          content: content === null || sha256 === null ? null : { sha256, bytes: content.length },
          difference: null,
        },
      })
    }
    staged.items.push(...structuredClone(written))
    staged.cursor = batch.cursor
  }

  async *readBack(id: string): AsyncGenerator<StoredItem> {
    for (const { item, content } of this.#get(id).items) {
      const sha256 = content === null ? null : hash(content)
      const changed = item.content !== null && item.content.sha256 !== sha256
      yield {
        ...item,
        content: content === null || sha256 === null ? null : { sha256, bytes: content.length },
        difference: changed ? 'file-changed' : item.difference,
      }
    }
  }

  async publish(id: string, receipt: Receipt): Promise<void> {
    await parseReceipt(receipt)
    const staged = this.#get(id)
    if (receipt.import !== id || (staged.receipt !== null && staged.receipt.seal !== receipt.seal)) {
      throw new HoldfastError('RECEIPT_INVALID', `The receipt is not one of import '${id}'`, {
        retryable: false,
      })
    }
    if (staged.receipt !== null) return
    if (staged.base !== this.#publications) {
      throw new HoldfastError('LIBRARY_CHANGED', 'Another import was published meanwhile')
    }
    this.#publications += 1
    staged.receipt = receipt
    staged.publishedAt = receipt.verifiedAt
    this.#order.push(id)
  }

  async discard(id: string): Promise<void> {
    this.#imports.delete(id)
    const index = this.#order.indexOf(id)
    if (index === -1) return
    this.#order.splice(index, 1)
    this.#publications += 1
  }

  async imports(): Promise<readonly PublishedImport[]> {
    return this.#order.map((id) => {
      const { owner, receipt, publishedAt } = this.#get(id)
      if (receipt === null) throw new HoldfastError('LIBRARY_DAMAGED', `Import '${id}' has no receipt`)
      return { id, owner, publishedAt, receipt }
    })
  }

  /** Changes a byte of stored content, as a failing disk would; for tests of verification. */
  corrupt(id: string, key: string): void {
    const found = this.#get(id).items.find(({ item }) => item.key === key)
    if (found?.content?.[0] === undefined) throw new Error(`no content to corrupt in '${key}'`)
    found.content[0] ^= 0xff
  }

  #get(id: string): Staged {
    const staged = this.#imports.get(id)
    if (staged === undefined) {
      throw new HoldfastError('IMPORT_UNKNOWN', `The library has no import '${id}'`, { retryable: false })
    }
    return staged
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return new Uint8Array(Buffer.concat(all))
}

function hash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
