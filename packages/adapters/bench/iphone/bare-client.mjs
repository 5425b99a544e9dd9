// How fast the emulated phone can send at all: the same conversation, and every byte thrown away as it comes out of TLS.
//   node bare-client.mjs ADDRESS
// It looks at no more of a file than its head, and its moves are words in the air.
import { plainMux } from '@holdfast/adapters/iphone'
import { endFiles, sendFile } from '../../dist/iphone/device-link/file-stream.js'
import { multiStatus } from '../../dist/iphone/device-link/link-status.js'
import { Lockdown } from '../../dist/iphone/lockdown/lockdown.js'
import { backupService, openBackupService } from '../../dist/iphone/mobilebackup2/backup-service.js'
import { plistDict } from '../../dist/plist/plist-value.js'

const [address = ''] = process.argv.slice(2)
const mux = plainMux({ address })
const [phone] = await mux.list()
if (phone === undefined) throw new Error('There is no phone')
const lockdown = await Lockdown.open(mux, phone, {})
await lockdown.startSession()
const stream = await lockdown.startService(backupService, { escrow: true })
const link = await openBackupService(stream)
const udid = phone.udid
await link.request(plistDict({ MessageName: 'Backup', TargetIdentifier: udid, SourceIdentifier: udid }))

/**
 * What the phone reads back in the end, by its name: its small lists, as they came last.
 * @type {Map<string, Buffer>}
 */
const kept = new Map()

for (;;) {
  const { name, values } = await link.receive()
  const [first] = values
  if (name === 'DLMessageProcessMessage') {
    if (!(first instanceof Map) || first.get('ErrorCode') !== 0)
      throw new Error('The phone ended with an error')
    break
  }
  switch (name) {
    case 'DLMessageUploadFiles':
      await throwFilesAway()
      await link.status(0)
      break
    case 'DLMessageDownloadFiles':
      await send(first)
      break
    case 'DLContentsOfDirectory':
      await link.status(0, null, new Map())
      break
    case 'DLMessageGetFreeDiskSpace':
      await link.status(0, null, 2 ** 40)
      break
    default:
      await link.status(0)
  }
}
await link.disconnect()
await lockdown.end()

/** @param {readonly string[]} paths */
async function send(paths) {
  const failed = new Map()
  for (const path of paths) {
    const bytes = kept.get(path.slice(path.lastIndexOf('/') + 1))
    await sendFile(
      link.wire,
      path,
      (async function* () {
        if (bytes === undefined) throw new Error('No such file')
        yield bytes
      })(),
    )
    if (bytes === undefined)
      failed.set(path, plistDict({ DLFileErrorString: 'No such file', DLFileErrorCode: -6 }))
  }
  await endFiles(link.wire)
  await (failed.size === 0 ? link.status(0) : link.status(multiStatus, 'Multi status', failed))
}

/** Reads the stream of files to the name of no length that ends it. */
function throwFilesAway() {
  return new Promise((resolve, reject) => {
    /** Bytes of a block that are passed over. */
    let skip = 0
    /** What is read next: a length of a name, a name, or the head of a block. */
    let next = 'device-length'
    let need = 4
    /** What came of it. */
    let have = Buffer.alloc(0)
    /** @type {Buffer[] | null} */
    let keeping = null
    let file = ''
    const gone = () => reject(new Error('The phone is gone'))
    /** @param {Buffer} bytes */
    const take = (bytes) => {
      let at = 0
      while (at < bytes.length) {
        if (skip > 0) {
          const some = Math.min(skip, bytes.length - at)
          keeping?.push(bytes.subarray(at, at + some))
          skip -= some
          at += some
          continue
        }
        const some = Math.min(need - have.length, bytes.length - at)
        const piece = bytes.subarray(at, at + some)
        have = have.length === 0 ? piece : Buffer.concat([have, piece])
        at += some
        if (have.length < need) return
        const whole = have
        have = Buffer.alloc(0)
        switch (next) {
          case 'device-length':
            need = whole.readUInt32BE()
            if (need === 0) {
              stream.off('data', take).off('close', gone)
              stream.pause()
              resolve(undefined)
              return
            }
            next = 'device'
            break
          case 'device':
            next = 'length'
            need = 4
            break
          case 'length':
            next = 'name'
            need = whole.readUInt32BE()
            break
          case 'name':
            file = whole.toString()
            keeping = file.endsWith('.plist') ? [] : null
            next = 'block'
            need = 5
            break
          default:
            skip = whole.readUInt32BE() - 1
            if (whole[4] === 0x0c) break
            if (keeping !== null) kept.set(file.slice(file.lastIndexOf('/') + 1), Buffer.concat(keeping))
            next = 'device-length'
            need = 4
        }
      }
    }
    stream.on('data', take)
    stream.once('close', gone)
    stream.resume()
  })
}
