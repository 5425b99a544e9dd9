// A host that makes a backup of whatever phone there is, through the device as it is shipped:
//   node make-backup.mjs ADDRESS FOLDER
// Prints its peak resident set in MiB when the backup is whole, checked and durable, and the seconds that this took once its modules were
// loaded, as they are in an app that runs. No TypeScript: compiling it would be measured too.
import { iphone, plainMux } from '@holdfast/adapters/iphone'
import { openInstalledSqlite } from '@holdfast/adapters/sqlite'

const [address = '', folder = ''] = process.argv.slice(2)
const since = performance.now()
const mux = plainMux({ address })
const [phone] = await mux.list()
if (phone === undefined) throw new Error('There is no phone')
const device = iphone({ folder, mux, openSqlite: openInstalledSqlite })
await device.acquire({
  run: 'bench',
  into: [],
  signal: new AbortController().signal,
  input: { udid: phone.udid },
  previous: null,
  onBackup: async () => {},
  progress: () => {},
  activity: () => {},
  ask: async ({ kind }) => {
    throw new Error(`The phone asks for ${kind}`)
  },
})
// The system counts in kilobytes.
const seconds = (performance.now() - since) / 1000
process.stdout.write(`${(process.resourceUsage().maxRSS / 1024).toFixed(0)} ${seconds}\n`)
