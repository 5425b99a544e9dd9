import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { iphone, type MuxTransport, plainMux } from '@holdfast/adapters/iphone'
import type { EmulatedIphone } from '@holdfast/adapters/testing'
import type { Device } from '@holdfast/core/import'
import { openDatabase } from '../open-database.js'

/** The identifier of the sample phone, and what a run on it is started with as `udid`. */
export const sampleUdid = '00008120-0000000DECADE000'

/** How much the sample phone holds. */
export const sampleSize = { messages: 12_000, attachments: 200 }

/**
 * An emulated iPhone on a cable that is not there, as the device of live phones reaches it: a usbmuxd on a free port, lockdown, TLS, and
 * the backup service. The phone is there while a backup of it is made, and only then; so a run that goes on later shows whether
 * it asks the phone again. Its backups go to the folder `backups`.
 */
export function samplePhone(backups: string): Device {
  const deviceAt = (mux: MuxTransport): Device => iphone({ folder: backups, mux, openSqlite: openDatabase })
  return {
    ...deviceAt(plainMux()),
    acquire: (context) =>
      withPhone(backups, context, (phone) => deviceAt(plainMux({ address: phone.address })).acquire(context)),
  }
}

/** Does `work` while the phone is connected. What is on it lies beside its backups meanwhile; what a kill left there goes first. */
async function withPhone<Result>(
  backups: string,
  { signal, activity }: { readonly signal: AbortSignal; readonly activity: () => void },
  work: (phone: EmulatedIphone) => Promise<Result>,
): Promise<Result> {
  // Loaded only now: no other command needs it.
  const { EmulatedIphone, makeSyntheticBackup, treeFromBackup } = await import('@holdfast/adapters/testing')
  const home = join(backups, '.sample-phone')
  await rm(home, { recursive: true, force: true })
  await mkdir(home, { recursive: true })
  try {
    const content = await makeSyntheticBackup({
      ...sampleSize,
      into: home,
      seed: 'demo',
      // The demo deletes its backup in the end, which no skip but a harmless one allows.
      anomalies: { invalidPath: 0 },
      truth: false,
      openSqlite: openDatabase,
      onProgress: () => {
        signal.throwIfAborted()
        activity()
      },
    })
    const phone = await EmulatedIphone.start({
      udid: sampleUdid,
      name: 'Sample iPhone',
      tree: treeFromBackup(content.path),
      scratch: home,
    })
    try {
      return await work(phone)
    } finally {
      await phone.stop()
    }
  } finally {
    await rm(home, { recursive: true })
  }
}
