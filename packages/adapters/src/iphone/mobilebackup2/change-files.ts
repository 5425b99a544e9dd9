import { type PlistValue, plistDict } from '../../plist/plist-value.js'
import type { ListedEntry, TargetFolder } from '../backup-target/target-folder.js'
import { type Answer, done, refusedBy } from './answer.js'

const fileTypes = {
  file: 'DLFileTypeRegular',
  folder: 'DLFileTypeDirectory',
  other: 'DLFileTypeUnknown',
} as const

/** Says what a folder holds. */
export async function listFolder(target: TargetFolder, path: string): Promise<Answer> {
  const entries = await target.list(path)
  return {
    code: 0,
    payload: new Map<string, PlistValue>(entries.map((entry) => [entry.name, described(entry)])),
  }
}

/** Does something with each of several items; the first failure ends it, and is the answer. */
export async function forEach<Item>(
  items: Iterable<Item>,
  signal: AbortSignal | undefined,
  act: (item: Item) => Promise<void>,
): Promise<Answer> {
  for (const item of items) {
    signal?.throwIfAborted()
    try {
      await act(item)
    } catch (error) {
      return refusedBy(error)
    }
  }
  return done
}

function described({ kind, bytes, modifiedAt }: ListedEntry): PlistValue {
  return plistDict({
    DLFileType: fileTypes[kind],
    DLFileSize: bytes,
    DLFileModificationDate: modifiedAt,
  })
}
