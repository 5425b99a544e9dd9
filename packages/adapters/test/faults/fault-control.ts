import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'

/** System codes that a call is made to fail with. */
export const faultCodes = ['ENOSPC', 'EIO', 'EACCES', 'EBUSY', 'EMFILE'] as const
export type FaultCode = (typeof faultCodes)[number]

/** What becomes of a call. */
export type FaultAction = FaultCode | 'killed before' | 'killed after'

/** A fault at one of the calls on a place's files. */
export interface Fault {
  /** 1 for the first call. */
  readonly at: number
  /** Part of a call's name and path, such as `fsync /1/library/attachments`; calls without it are not counted for `at`. @default all are */
  readonly among?: string
  readonly action: FaultAction
  /** Whether the calls after it fail as well, as on a disk that stays full. */
  readonly lasts: boolean
}

/** What the shim saw. */
export interface Seen {
  readonly calls: number
  /** How many calls were made to fail. */
  readonly hits: number
  /** The first of them: its name, and its path within the place. */
  readonly hit: string
  /** The first call that changed something outside of the place; empty when there was none. */
  readonly stray: string
}

/** As `struct control` of faults.c has them, in bytes. */
const offsets = { at: 0, action: 8, lasts: 16, calls: 24, hits: 32, hit: 56, stray: 1080, among: 2104 }
const textBytes = 1024
const amongBytes = 256
const size = offsets.among + amongBytes

/** Linux's numbers: the shim is Linux's, too. */
const numbers: Readonly<Record<FaultAction, number>> = {
  ENOSPC: 28,
  EIO: 5,
  EACCES: 13,
  EBUSY: 16,
  EMFILE: 24,
  'killed before': -1,
  'killed after': -2,
}

/** The file through which a process and its shim, and whoever started it, know of a fault. */
export class FaultControl {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Makes the file, with no fault in it. To be there before the process starts. */
  make(): void {
    const file = openSync(this.path, 'w')
    ftruncateSync(file, size)
    closeSync(file)
  }

  /** Begins to count, and to fail where the fault says. */
  plan(fault: Fault | null): void {
    const planned = Buffer.alloc(size)
    if (fault !== null) {
      planned.writeBigInt64LE(BigInt(numbers[fault.action]), offsets.action)
      planned.writeBigInt64LE(fault.lasts ? 1n : 0n, offsets.lasts)
      planned.writeBigInt64LE(BigInt(fault.at), offsets.at)
      planned.write(fault.among ?? '', offsets.among, amongBytes - 1)
    }
    this.#write(planned, 0)
  }

  /** Ends the fault; what was seen stays. */
  lift(): void {
    this.#write(Buffer.alloc(offsets.calls), 0)
  }

  read(): Seen {
    const bytes = readFileSync(this.path)
    const text = (offset: number): string =>
      bytes
        .subarray(offset, offset + textBytes)
        .toString()
        .replace(/\0.*$/s, '')
    return {
      calls: Number(bytes.readBigInt64LE(offsets.calls)),
      hits: Number(bytes.readBigInt64LE(offsets.hits)),
      hit: text(offsets.hit),
      stray: text(offsets.stray),
    }
  }

  #write(bytes: Buffer, at: number): void {
    const file = openSync(this.path, 'r+')
    writeSync(file, bytes, 0, bytes.length, at)
    closeSync(file)
  }
}
