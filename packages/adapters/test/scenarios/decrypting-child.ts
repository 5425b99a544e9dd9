/** A process that opens an encrypted backup and is killed with its databases decrypted. */
import { iosBackup } from '../../src/ios-backup/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'

// killed.test.ts wrote it.
const { path, scratch, password } = JSON.parse(process.argv[2] ?? '') as Record<
  'path' | 'scratch' | 'password',
  string
>
await iosBackup({ openSqlite: openTestSqlite, scratch }).open(path, {
  signal: new AbortController().signal,
  ask: () => Promise.resolve(password),
})
process.kill(process.pid, 'SIGKILL')
