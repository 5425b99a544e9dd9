import type { ImportRecord } from './records.js'

/**
 * What can be wrong with a library beside its items: a closed list. Each with what it is, and what somebody who finds it can do.
 */
export const libraryProblems = {
  'row-unlisted': {
    says: 'a row that no import brought',
    todo: 'Something else added it: remove it, or restore the library from a copy.',
  },
  'row-astray': {
    says: 'a row of another import or owner than the one that brought it',
    todo: 'Something else moved it: restore the library from a copy.',
  },
  'row-hidden': {
    says: 'an item that was imported and that no reader sees',
    todo: 'Something else hid it: restore the library from a copy, or import the backup again.',
  },
  'row-doubled': {
    says: 'an item that readers see more than once',
    todo: 'Something else brought back an old version of it: restore the library from a copy.',
  },
  'receipt-changed': {
    says: 'an import whose receipt is not the one that verify made of it',
    todo: 'Nothing proves this import any more: restore the library from a copy, or import the backup again.',
  },
  'note-changed': {
    says: 'a note of the library’s own that does not follow from what it holds',
    todo: 'Something else changed it: restore the library from a copy.',
  },
  'schema-changed': {
    says: 'a table, view or index that is not as the library made it',
    todo: 'Something else changed it, so readers may see other things than were stored: restore the library from a copy.',
  },
  'database-damaged': {
    says: 'damage of the database that no row shows',
    todo: 'A failing disk does this: restore the library from a copy.',
  },
  'file-unlisted': {
    says: 'a file among the contents that belongs to no item',
    todo: 'Something else put it there, or a disk gave back what was removed: move it away.',
  },
} as const satisfies Record<string, { readonly says: string; readonly todo: string }>

/** One of {@link libraryProblems}. */
export type LibraryProblemKind = keyof typeof libraryProblems

/** Something that is wrong with a library beside the items that reading an import back gives. Plain JSON. */
export type LibraryProblem = {
  readonly problem: LibraryProblemKind
  /** The import that it concerns; null where it is none, or none that is there. */
  readonly import: string | null
  /** What kind of thing is concerned. */
  readonly type: ImportRecord['type'] | 'import' | 'file' | 'database'
  /** Which one: the key of an item, the id of an import, the name of a file, the name of a table, view or index. */
  readonly key: string
  /** What exactly was found, where there is more to say; for people. */
  readonly detail: string | null
}
