import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTestSqlite } from '../../open-sqlite.js'
import { type SchemaVersion, schemaVersions } from '../folder/generations.js'
import { messageColumns, messageTables } from './message-columns.js'
import { messageSchema } from './message-schema.js'

const factsFile = join(import.meta.dirname, '../../../../../../../shared/facts/ios-schemas.md')

/** Names under which the facts list the generations; iOS 26 adds to the one before it. */
const listed: Readonly<Record<SchemaVersion, string>> = {
  'ios-6': 'iOS6.1.6',
  'ios-9': 'iOS9.2.1',
  'ios-10': 'iOS10.2',
  'ios-11': 'iOS11.2',
  'ios-15': 'macos-monterey',
  'ios-16': 'macos-ventura',
  'ios-18': 'sequoia-testdb',
  'ios-26': 'sequoia-testdb',
}

describe.each(schemaVersions)('sms.db of %s', (version) => {
  test('has the numbers of columns that real databases have', () => {
    const counts = messageTables.slice(0, 4).map((table) => messageColumns(version, table).length)
    const real: Readonly<Record<SchemaVersion, readonly number[]>> = {
      'ios-6': [38, 9, 12, 5],
      'ios-9': [51, 12, 16, 5],
      'ios-10': [60, 16, 16, 5],
      'ios-11': [64, 20, 22, 5],
      'ios-15': [75, 21, 26, 6],
      'ios-16': [79, 21, 26, 6],
      'ios-18': [91, 24, 28, 6],
      'ios-26': [94, 24, 28, 6],
    }
    expect(counts).toEqual(real[version])
  })

  test.skipIf(!existsSync(factsFile))('has exactly the tables and columns of the gathered lists', () => {
    const facts = parseFacts(readFileSync(factsFile, 'utf8'), listed[version])
    if (version === 'ios-26') addTahoe(facts)
    const tables = messageTables.filter((table) => !isNewInTahoe(table) || version === 'ios-26')
    expect([...facts.keys()].sort()).toEqual([...tables].sort())
    const db = openTestSqlite(':memory:', { readonly: false })
    db.exec(messageSchema(version).tables.join(';'))
    for (const [table, columns] of facts) {
      const made = db.prepare('SELECT name, type FROM pragma_table_info(?)').all(table)
      expect(made, table).toEqual(columns.map(([name, type]) => ({ name, type })))
    }
    db.close()
  })

  test('refuses to delete with stock SQLite, as a phone’s database does', () => {
    const db = openTestSqlite(':memory:', { readonly: false })
    const schema = messageSchema(version)
    db.exec([...schema.tables, ...schema.indexesAndTriggers].join(';'))
    expect(() => db.exec('DELETE FROM message')).toThrow('no such function: after_delete_message_plugin')
    expect(() => db.exec("INSERT INTO message (guid) VALUES ('a'), ('a')")).toThrow('UNIQUE')
    db.close()
  })
})

const isNewInTahoe = (table: string) => table === 'chat_lookup' || table === 'chat_service'

/** What iOS 26 adds, from a published dump of the schema of macOS 26. */
function addTahoe(tables: Map<string, (readonly [string, string])[]>): void {
  tables
    .get('message')
    ?.push(['date_recovered', 'INTEGER'], ['is_time_sensitive', 'INTEGER'], ['ck_chat_id', 'TEXT'])
  tables.set('chat_lookup', [
    ['identifier', 'TEXT'],
    ['domain', 'TEXT'],
    ['chat', 'INTEGER'],
    ['priority', 'INTEGER'],
  ])
  tables.set('chat_service', [
    ['service', 'TEXT'],
    ['chat', 'INTEGER'],
  ])
}

/** The columns of each table in one generation: lines add to those above them, `same` repeats them, `gone` takes away. */
function parseFacts(text: string, generation: string): Map<string, (readonly [string, string])[]> {
  const tables = new Map<string, (readonly [string, string])[]>()
  for (const section of text.split('\n## ').slice(1)) {
    const [title = '', ...lines] = section.split('\n')
    let columns: (readonly [string, string])[] = []
    for (const line of lines) {
      const match = /^- ([\w.-]+)(?: \(\d+ columns\))?: (.*)$/.exec(line)
      if (match === null) continue
      const [, name = '', rest = ''] = match
      if (rest !== 'same' && rest !== 'no such table') {
        const [added = '', gone = ''] = rest.split('; gone: ')
        const removed = gone.split(', ')
        columns = columns.filter(([column]) => !removed.includes(column))
        for (const declaration of added.replace(/^\+ /, '').split(', ')) {
          const [column = '', type = ''] = declaration.split(' ')
          columns.push([column, type])
        }
      }
      if (name === generation) break
    }
    tables.set(title.trim(), columns)
  }
  return tables
}
