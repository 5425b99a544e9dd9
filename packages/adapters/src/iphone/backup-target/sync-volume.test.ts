import { existsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { type RunningSync, type SyncProgram, tellsLosses, VolumeSyncs } from './sync-volume.js'

const ext4 = {
  platform: 'linux',
  release: '6.1.0-18-amd64',
  type: 0xef53,
  program: 'sync (GNU coreutils) 9.1',
} as const
const { signal } = new AbortController()

test('a volume is believed that tells what it could not keep', () => {
  expect(tellsLosses(ext4)).toBe(true)
  expect(tellsLosses({ ...ext4, release: '5.17.1' })).toBe(true)
  expect(tellsLosses({ ...ext4, type: 0x9123683e })).toBe(true)
})

test.each([
  ['of an older kernel', { release: '5.15.0-91-generic' }],
  ['of a kernel that does not say', { release: 'unknown' }],
  ['of a file system that may not tell', { type: 0x6969 }],
  ['of no known file system', { type: null }],
  ['synced by a program that does not look', { program: 'sync (uutils coreutils) 0.2.2' }],
  ['of another system', { platform: 'darwin' }],
])('a volume is not believed %s', (_, facts) => {
  expect(tellsLosses({ ...ext4, ...facts })).toBe(false)
})

/** A sync that ends when the test says so. */
class HeldSync implements RunningSync {
  readonly folder: string
  readonly ended: Promise<void>
  isAlive = true
  end: (failure?: Error) => void = () => {}

  constructor(folder: string) {
    this.folder = folder
    this.ended = new Promise((resolve, reject) => {
      this.end = (failure) => (failure === undefined ? resolve() : reject(failure))
    })
  }

  keepAlive(isToLive: boolean): void {
    this.isAlive = isToLive
  }
}

/** A program whose syncs are held. */
class HeldProgram implements SyncProgram {
  readonly begun: HeldSync[] = []
  asked = 0

  begin(folder: string): RunningSync {
    const sync = new HeldSync(folder)
    this.begun.push(sync)
    return sync
  }

  async version(): Promise<string> {
    this.asked++
    return ext4.program
  }

  /** The sync that is begun as the one with this number. */
  async number(index: number): Promise<HeldSync> {
    for (;;) {
      const sync = this.begun[index]
      if (sync !== undefined) return sync
      await new Promise(setImmediate)
    }
  }
}

const lost = new Error('sync: error syncing: Input/output error')
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

test('a volume that could not keep something is not believed any more, whoever asks', async () => {
  const program = new HeldProgram()
  const volumes = new VolumeSyncs(program, 'linux')
  const first = volumes.bringToDisk(tmpdir(), signal)
  ;(await program.number(0)).end(lost)
  expect(await first).toBe(false)
  const second = volumes.bringToDisk(tmpdir(), signal)
  ;(await program.number(1)).end()
  expect(await second).toBe(false)
})

test('one is asked for at a time, and one that is aborted is in the way of none', async () => {
  const stop = new AbortController()
  const program = new HeldProgram()
  const volumes = new VolumeSyncs(program, 'linux')
  const first = volumes.bringToDisk(tmpdir(), signal)
  const begun = await program.number(0)
  const second = volumes.bringToDisk(tmpdir(), stop.signal)
  const third = volumes.bringToDisk(tmpdir(), signal)
  await settled()
  stop.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  expect(program.begun).toHaveLength(1)
  begun.end()
  ;(await program.number(1)).end()
  await Promise.all([first, third])
  expect(program.begun).toHaveLength(2)
  expect(program.asked).toBe(1)
})

test('one that is aborted is heard to its end: what it is told is told to nobody else', async () => {
  const stop = new AbortController()
  const program = new HeldProgram()
  const volumes = new VolumeSyncs(program, 'linux')
  const first = volumes.bringToDisk(tmpdir(), stop.signal)
  const begun = await program.number(0)
  stop.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  begun.end(lost)
  await settled()
  expect(program.asked).toBe(0)
  const second = volumes.bringToDisk(tmpdir(), signal)
  ;(await program.number(1)).end()
  expect(await second).toBe(false)
})

test('one keeps the process alive as long as somebody waits for it or behind it', async () => {
  const [stop, other] = [new AbortController(), new AbortController()]
  const program = new HeldProgram()
  const volumes = new VolumeSyncs(program, 'linux')
  const first = volumes.bringToDisk(tmpdir(), stop.signal)
  const begun = await program.number(0)
  expect(begun.isAlive).toBe(true)
  stop.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  expect(begun.isAlive).toBe(false)
  const second = volumes.bringToDisk(tmpdir(), other.signal)
  await settled()
  expect(begun.isAlive).toBe(true)
  other.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  expect(begun.isAlive).toBe(false)
  begun.end()
})

const isAnother = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(tmpdir()).dev

test.skipIf(!isAnother)('a volume that hangs keeps no other waiting', async () => {
  const program = new HeldProgram()
  const volumes = new VolumeSyncs(program, 'linux')
  const stop = new AbortController()
  const hanging = volumes.bringToDisk('/dev/shm', stop.signal)
  await program.number(0)
  const other = volumes.bringToDisk(tmpdir(), signal)
  const begun = await program.number(1)
  expect(begun.folder).toBe(tmpdir())
  begun.end()
  expect(await other).toBeTypeOf('boolean')
  stop.abort(new Error('enough'))
  await expect(hanging).rejects.toThrow('enough')
})

test('elsewhere no program is asked', async () => {
  const program = new HeldProgram()
  const volumes = new VolumeSyncs(program, 'darwin')
  expect(await volumes.bringToDisk(tmpdir(), signal)).toBe(false)
  expect(program.begun).toEqual([])
})
