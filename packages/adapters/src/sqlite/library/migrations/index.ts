import { v1 } from './v1.js'
import { v2 } from './v2.js'
import { v3 } from './v3.js'

/** One step from a version of the library to the next. */
export interface Migration {
  readonly sql: string
  /** Tables and views that it makes under names which a host may well have taken already. */
  readonly commonNames: readonly string[]
}

/** What brings a library from each version to the next: the first makes version 1 out of nothing. */
export const migrations: readonly Migration[] = [
  {
    sql: v1,
    commonNames: [
      'messages',
      'chats',
      'chat_members',
      'attachments',
      'contacts',
      'contact_points',
      'imports',
    ],
  },
  { sql: v2, commonNames: ['calls', 'call_handles', 'voicemails', 'contact_handles'] },
  { sql: v3, commonNames: ['deleted_in_source'] },
]
