// Recomputes the digest of a receipt as docs/receipts.md says, and imports nothing of the project: what it shares with it is that page alone.
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

type Value = string | number | null
type Row = Readonly<Record<string, Value>>

/** Any SQLite that gives rows as objects. */
export interface Sql {
  all(sql: string, ...parameters: readonly Value[]): readonly Row[]
}

/** The digest of an import, from the tables and the files of its library. */
export function recomputeDigest(sql: Sql, attachments: string, id: string): string {
  const items = sql.all(
    'SELECT i.* FROM import_items i JOIN import_rows r ON r.n = i.import WHERE r.id = ? ORDER BY seq',
    id,
  )
  const bytes = Buffer.from(items.map((item) => `${lineOf(sql, attachments, item)}\n`).join(''))
  const whole = createHash('sha256')
  for (let at = 0; at < bytes.length; at += 262_144) {
    whole.update(
      createHash('sha256')
        .update(bytes.subarray(at, at + 262_144))
        .digest(),
    )
  }
  return whole.digest('hex')
}

/** The seal of a receipt. */
export function recomputeSeal(receipt: Readonly<Record<string, unknown>>): string {
  const { seal: _seal, ...facts } = receipt
  return createHash('sha256').update(canonical(facts)).digest('hex')
}

function lineOf(sql: Sql, attachments: string, item: Row): string {
  const { type, outcome, reason } = item
  const table = `${type}_rows`
  const [row] = sql.all(`SELECT * FROM ${table} WHERE row = ?`, item['row'] ?? null)
  if (row === undefined) throw new Error(`${table} has no row ${item['row']}`)
  const { key, record } = recordOf(String(type), exactly(sql, table, row))
  const hasContent = type === 'attachment' && outcome !== 'skipped'
  return canonical({
    content: hasContent ? contentOf(sql, attachments, row) : null,
    key,
    outcome: outcome === 'present' ? 'stored' : outcome,
    reason,
    record: withoutNothing({ ...record, key, type }),
    type,
  })
}

function contentOf(sql: Sql, attachments: string, row: Row): object {
  const [file] = sql.all('SELECT name FROM file_rows WHERE sha256 = ?', row['sha256'] ?? null)
  const path = join(attachments, String(file?.['name']))
  return {
    bytes: statSync(path).size,
    sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
  }
}

/** A row and its parts, with the values of `exact` where it has them. */
interface Held {
  readonly row: Row
  readonly parts: readonly Row[]
}

const partsOf: Readonly<Record<string, readonly [table: string, parent: string]>> = {
  chat_rows: ['chat_member_rows', 'chat'],
  contact_rows: ['contact_point_rows', 'contact'],
  call_rows: ['call_handle_rows', 'call'],
}

function exactly(sql: Sql, table: string, row: Row): Held {
  const [partTable, parent] = partsOf[table] ?? []
  const parts =
    partTable === undefined
      ? []
      : sql.all(`SELECT * FROM ${partTable} WHERE ${parent} = ? ORDER BY position`, row['row'] ?? null)
  const { exact = null } = row
  if (exact === null) return { row, parts }
  const [values, exactParts] = JSON.parse(String(exact)) as [Value[], Value[][]]
  const behind = (of: string, first: string): readonly string[] => {
    const names = sql.all(`SELECT name FROM pragma_table_info('${of}')`).map(({ name }) => String(name))
    const columns = names.slice(names.indexOf(first) + 1)
    if (of !== 'attachment_rows') return columns
    const others = columns.filter((column) => column !== 'part')
    const at = others.indexOf('parent_type')
    return [...others.slice(0, at), 'part', ...others.slice(at)]
  }
  const named = (names: readonly string[], from: readonly Value[]): Row =>
    Object.fromEntries(names.map((name, index) => [name, from[index] ?? null]))
  return {
    row: named(behind(table, 'exact'), values),
    parts:
      partTable === undefined ? [] : exactParts.map((part) => named(behind(partTable, 'position'), part)),
  }
}

function recordOf(type: string, { row, parts }: Held): { readonly key: Value; readonly record: object } {
  const take = (...names: readonly string[]) => taken(row, names)
  const json = (name: string): unknown => (row[name] === null ? null : JSON.parse(String(row[name])))
  switch (type) {
    case 'message':
      return {
        key: row['guid'] ?? null,
        record: {
          ...take(
            'guid',
            'chat_guid',
            'sender',
            'sent_at',
            'kind',
            'service',
            'text',
            'text_state',
            'subject',
          ),
          ...take(
            'reply_to_guid',
            'read_at',
            'delivered_at',
            'edited_at',
            'effect',
            'balloon',
            'group_title',
          ),
          ...take('reply_to_part', 'deleted_at', 'audio'),
          isFromMe: row['is_from_me'] === 1,
          isDeleted: row['is_deleted'] === 1,
          isScheduled: row['is_scheduled'] === 1,
          otherChatGuids: json('other_chat_guids'),
          edits: json('edits'),
          unsentParts: json('unsent_parts'),
          deletedParts: json('deleted_parts'),
          mentions: json('mentions'),
          linkPreview: json('link_preview'),
          app: json('app'),
          reaction:
            row['reaction_target'] === null
              ? null
              : {
                  targetGuid: row['reaction_target'],
                  targetPart: row['reaction_part'],
                  kind: row['reaction_kind'],
                  emoji: row['reaction_emoji'],
                  removed: row['reaction_removed'] === 1,
                },
          target: row['target_guid'] === null ? null : { guid: row['target_guid'], part: row['target_part'] },
          event: row['event'] === null ? null : { kind: row['event'], handle: row['event_handle'] },
        },
      }
    case 'chat':
      return {
        key: row['guid'] ?? null,
        record: {
          ...take('guid', 'identifier', 'display_name', 'service'),
          isGroup: row['is_group'] === 1,
          members: parts.map(({ handle }) => handle),
        },
      }
    case 'attachment': {
      const parent =
        row['parent_type'] !== null
          ? { type: row['parent_type'], key: row['parent_key'] }
          : row['message_guid'] !== null
            ? { type: 'message', key: row['message_guid'] }
            : null
      return {
        key: `${row['guid']}@${parent?.key ?? ''}`,
        record: {
          ...take('guid', 'name', 'mime_type', 'uti', 'created_at', 'claimed_bytes', 'unavailable', 'part'),
          isSticker: row['is_sticker'] === 1,
          parent,
        },
      }
    }
    case 'contact':
      return {
        key: row['id'] ?? null,
        record: {
          ...take('id', 'display_name', 'first_name', 'middle_name', 'last_name', 'organization', 'note'),
          ...take('birthday', 'created_at', 'modified_at', 'prefix', 'suffix', 'nickname', 'department'),
          ...take('phonetic_first_name', 'phonetic_middle_name', 'phonetic_last_name', 'job_title'),
          points: parts.map((part) => {
            const address = taken(part, ['street', 'city', 'state', 'postal_code', 'country', 'country_code'])
            const isAddress = Object.values(address).some((value) => value !== null)
            return {
              ...taken(part, ['kind', 'value', 'label', 'handle', 'service']),
              address: isAddress ? address : null,
            }
          }),
        },
      }
    case 'call':
      return {
        key: row['id'] ?? null,
        record: {
          ...take('id', 'started_at', 'duration_ms', 'direction', 'medium', 'service'),
          isAnswered: row['is_answered'] === 1,
          handles: parts.map(({ handle }) => handle),
        },
      }
    case 'voicemail':
      return {
        key: row['id'] ?? null,
        record: {
          ...take('id', 'sender', 'callback_number', 'received_at', 'duration_ms', 'trashed_at'),
          isRead: row['is_read'] === null ? null : row['is_read'] === 1,
        },
      }
    default:
      return {
        key: `${row['kind']}:${row['source_table']}:${row['source_row']}`,
        record: {
          of: row['kind'],
          table: row['source_table'],
          row: row['source_row'],
          problem: row['problem'],
        },
      }
  }
}

/** Columns under the names of their properties. */
function taken(row: Row, columns: readonly string[]): Readonly<Record<string, Value>> {
  const property = (column: string) => column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(columns.map((column) => [property(column), row[column] ?? null]))
}

/** The same without properties that say nothing, however deep. */
function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing)
  if (typeof value !== 'object' || value === null) return value
  const said = Object.entries(value).filter(
    ([, held]) => held !== null && !(Array.isArray(held) && held.length === 0),
  )
  return Object.fromEntries(said.map(([key, held]) => [key, withoutNothing(held)]))
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1))
  const held = new Map<string, unknown>(Object.entries(value))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(held.get(key))}`).join(',')}}`
}
