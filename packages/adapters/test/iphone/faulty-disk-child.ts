/**
 * A process that makes a backup of an emulated phone of another process, on a disk that may fail: it is given {@link FaultyDiskWords} as JSON,
 * and prints `done`, or the code with which the attempt failed.
 */
import { isHoldfastError } from '@holdfast/core'
import { iphone, plainMux } from '../../src/iphone/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import type { Fault } from '../faults/fault-control.js'
import { FaultControl } from '../faults/fault-control.js'
import { acquireBackup } from './acquire-backup.js'

/** Which phone, where to, and what fails there. */
export interface FaultyDiskWords {
  readonly address: string
  readonly udid: string
  readonly folder: string
  /** The file of the {@link FaultControl}. */
  readonly control: string
  readonly fault: Fault | null
}

// faulty-disk.test.ts wrote it from FaultyDiskWords.
const { address, udid, folder, control, fault } = JSON.parse(process.argv[2] ?? '') as FaultyDiskWords
const device = iphone({ folder, mux: plainMux({ address }), openSqlite: openTestSqlite, retryDelay: 50 })
const disk = new FaultControl(control)
disk.plan(fault)
let told = 'done'
try {
  await acquireBackup(device, { udid })
} catch (error) {
  told = isHoldfastError(error)
    ? `${error.code} ${error.hint === null ? 'without a hint' : 'with a hint'}`
    : String(error)
} finally {
  disk.lift()
}
process.stdout.write(told)
