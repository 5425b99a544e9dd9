/**
 * A process that makes a backup of an emulated phone of another process, and kills itself before a certain change of the file system. It is
 * given {@link PhoneChildWords} as JSON. With change 0 it lives, and prints how many changes there were.
 */
import files from 'node:fs'
import promises, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { iphone, plainMux } from '../../src/iphone/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { acquireBackup } from './acquire-backup.js'

/** Which phone, where to, and where it dies. */
export interface PhoneChildWords {
  readonly address: string
  readonly udid: string
  readonly folder: string
  readonly killAt: number
}

// phone-kill.test.ts wrote it from PhoneChildWords.
const { address, udid, folder, killAt } = JSON.parse(process.argv[2] ?? '') as PhoneChildWords

let changes = 0
let counts = false
function step(): void {
  if (!counts) return
  changes++
  if (changes === killAt) process.kill(process.pid, 'SIGKILL')
}

/** Has a function of an object counted, each time before it is called. */
function count(owner: object, name: string): void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function') throw new Error(`there is no ${name}`)
  Reflect.set(owner, name, function counted(this: unknown, ...words: unknown[]): unknown {
    step()
    const result: unknown = Reflect.apply(original, this, words)
    return result
  })
}

for (const name of ['rename', 'link', 'mkdir', 'unlink', 'rmdir', 'open', 'copyFile']) count(promises, name)
for (const name of ['renameSync', 'openSync', 'writeSync', 'closeSync', 'fsync']) count(files, name)
const handle: FileHandle = await promises.open(join(tmpdir()), 'r')
for (const name of ['write', 'sync', 'writeFile']) count(Reflect.getPrototypeOf(handle) ?? handle, name)
await handle.close()
syncBuiltinESMExports()
counts = true

const device = iphone({ folder, mux: plainMux({ address }), openSqlite: openTestSqlite })
await acquireBackup(device, { udid })
process.stdout.write(String(changes))
