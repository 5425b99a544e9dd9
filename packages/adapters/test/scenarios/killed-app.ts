/** A process in which an app has the backup of a phone made, until it is killed. It says so when the phone's process is at work. */
import { Workshop } from '../import-workshop.js'
import { CabledPhone } from './cabled-phone.js'

/** The folder of the app, the backup that the phone hands out, and where it goes. */
export interface KilledAppWords {
  readonly folder: string
  readonly phone: string
  readonly backup: string
  /** phone.mjs. */
  readonly program: string
}

// phone.test.ts wrote it from KilledAppWords.
const { folder, phone: from, backup, program } = JSON.parse(process.argv[2] ?? '') as KilledAppWords
const phone = new CabledPhone(from, backup, program)
phone.mood = 'busy'
const isHeard = phone.saysSomething()
await new Workshop(folder).openApp({ device: () => phone }).import({ cleanup: 'keep' })
await isHeard
process.stdout.write('at work')
