/**
 * A process that works on a library and kills itself, as a power cut would, before a certain system call or statement:
 *   node --import tsx --conditions=@holdfast/source library-child.ts <folder> <import|discard> <call> <batch size>
 * With call 0 it lives, and prints how many calls there were.
 */
import { join } from 'node:path'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { type SqliteDatabase, sqliteLibrary } from '../src/sqlite/index.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'
import { watchedFileSystem } from './faulty-file-system.js'
import { runImport, secondImport, secondRecords } from './library-scenario.js'

const [folder = '', work = '', killAt = '', batchSize = ''] = process.argv.slice(2)

let calls = 0
function step(): void {
  calls++
  if (calls === Number(killAt)) process.kill(process.pid, 'SIGKILL')
}

/** Statements that end or begin something; the rows between them are in one transaction anyway, so few of them are enough. */
function watchedDatabase(db: SqliteDatabase): SqliteDatabase {
  let runs = 0
  return {
    close: () => db.close(),
    exec(sql) {
      step()
      const result = db.exec(sql)
      step()
      return result
    },
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        run: (...parameters) => {
          if (runs++ % 50 === 0) step()
          return statement.run(...parameters)
        },
        get: (...parameters) => statement.get(...parameters),
        all: (...parameters) => statement.all(...parameters),
        iterate: (...parameters) => statement.iterate(...parameters),
      }
    },
  }
}

const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
const files = attachmentFiles(join(folder, 'attachments'), { fs: watchedFileSystem(step) })
const storage = sqliteLibrary(watchedDatabase(db), files)
if (work === 'discard') await storage.discard(secondImport.id)
else await runImport(storage, secondImport, secondRecords(), Number(batchSize))
db.close()
process.stdout.write(String(calls))
