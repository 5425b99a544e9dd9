/**
 * A process that imports a backup which will go, its files as links, and kills itself before a certain call: of the attachment files, of
 * the database, or of the device that lets the backup go. It is given {@link LinkedImportWords} as JSON. With call 0 it lives, and prints
 * how many calls there were.
 */
import { Workshop } from './import-workshop.js'
import { linking } from './linking-files.js'
import { watchedDatabase } from './watched-database.js'

/** Where it imports from and into, and where it dies. */
export interface LinkedImportWords {
  readonly folder: string
  readonly backup: string
  readonly killAt: number
}

// linked-import-kill.test.ts wrote it from LinkedImportWords.
const { folder, backup, killAt } = JSON.parse(process.argv[2] ?? '') as LinkedImportWords

let calls = 0
function step(): void {
  calls++
  if (calls === killAt) process.kill(process.pid, 'SIGKILL')
}

const app = new Workshop(folder).openApp({
  files: linking(step),
  database: (db) => watchedDatabase(db, step),
  device: (device) => ({
    ...device,
    release: async (...call) => {
      step()
      const released = await device.release(...call)
      step()
      return released
    },
  }),
})
const outcome = await (await app.import({ path: backup, cleanup: 'delete' })).outcome()
if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
await app.close()
process.stdout.write(String(calls))
