import { join } from 'node:path'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { openTestSqlite } from '@holdfast/adapters/testing'
import type { OpenBackup } from '@holdfast/core/import'

/** Of every backup that is made here; peer.py has it too. */
export const password = 'correct horse'

/** Opens an encrypted backup, its scratch folder in the benchmark's own. */
export function openEncrypted(path: string, folder: string): Promise<OpenBackup> {
  const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(folder, 'scratch') })
  return reader.open(path, { signal: new AbortController().signal, ask: async () => password })
}
