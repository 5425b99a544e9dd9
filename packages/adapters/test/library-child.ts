/**
 * A process that works on a library and kills itself, as a power cut would, before a certain system call or statement:
 *   node --import tsx --conditions=@holdfast/source library-child.ts <folder> <import|discard> <call> <batch size>
 * With call 0 it lives, and prints how many calls there were.
 */
import { join } from 'node:path'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { sqliteLibrary } from '../src/sqlite/index.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'
import { watchedFileSystem } from './faulty-file-system.js'
import { runImport, secondImport, secondRecords } from './library-scenario.js'
import { watchedDatabase } from './watched-database.js'

const [folder = '', work = '', killAt = '', batchSize = ''] = process.argv.slice(2)

let calls = 0
function step(): void {
  calls++
  if (calls === Number(killAt)) process.kill(process.pid, 'SIGKILL')
}

const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
const files = attachmentFiles(join(folder, 'attachments'), { fs: watchedFileSystem(step) })
const storage = sqliteLibrary(watchedDatabase(db, step), files)
if (work === 'discard') await storage.discard(secondImport.id)
else await runImport(storage, secondImport, secondRecords(), Number(batchSize))
db.close()
process.stdout.write(String(calls))
