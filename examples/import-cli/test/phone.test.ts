import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { EmulatedIphone, makeSyntheticBackup, treeFromBackup } from '@holdfast/adapters/testing'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, type Ended, libraryContent, program, reportOf, startWith } from './program.js'

let world = ''
let into = ''
let phone: EmulatedIphone | null = null

beforeAll(async () => {
  buildProgram()
})
afterEach(async () => {
  await phone?.stop()
  phone = null
  if (world !== '') await rm(world, { recursive: true })
  world = ''
})

/** A phone with messages; gives the backup that it was made of. */
async function plugIn(): Promise<{ readonly phone: EmulatedIphone; readonly source: string }> {
  world = await mkdtemp(join(tmpdir(), 'holdfast-phone-cli-'))
  into = join(world, 'library')
  const made = await makeSyntheticBackup({ into: world, messages: 300, attachments: 20, seed: 'phone' })
  phone = await EmulatedIphone.start({
    // The same phone, so that both imports are of the same device.
    udid: basename(made.path),
    tree: treeFromBackup(made.path),
    name: 'Zoë’s iPhone',
  })
  return { phone, source: made.path }
}

function run({ address }: EmulatedIphone, ...words: string[]): Promise<Ended> {
  return startWith({ USBMUXD_SOCKET_ADDRESS: address }, ...words).ended
}

describe('a phone on the cable', () => {
  it('is listed, with what it is and whether a backup can begin', async () => {
    const { phone: plugged } = await plugIn()
    const ended = await run(plugged, 'devices')
    expect(ended.status).toBe(0)
    expect(ended.stdout).toContain(plugged.udid)
    expect(ended.stdout).toMatch(/Zoë’s iPhone .*iOS 18\.5 .*usb .*ready/)
    plugged.lockdownFaults.set('StartSession', 'PasswordProtected')
    const report: unknown = JSON.parse(
      (await run(plugged, 'devices', '--json')).stdout.trim().split('\n').at(-1) ?? '',
    )
    expect(report).toMatchObject({
      devices: [{ udid: plugged.udid, state: 'locked', problem: 'DEVICE_LOCKED' }],
    })
    plugged.unplug()
    expect((await run(plugged, 'devices')).stdout).toContain('No iPhone is connected')
  })

  it('is imported as its backup would be, and the second time only by what has changed', async () => {
    const { phone: plugged, source } = await plugIn()
    const first = await run(plugged, 'import', '--device', 'any', '--into', into, '--json')
    expect(first.stderr).toContain('extract')
    expect(first.status, first.stderr).toBe(0)
    const report = reportOf(first)
    expect(report).toMatchObject({
      status: 'done',
      backupPath: join(into, 'backups', plugged.udid),
      backupExists: true,
    })
    const direct = join(world, 'direct')
    expect((await program('import', '--backup', source, '--into', direct)).status).toBe(0)
    expect(libraryContent(into)).toEqual(libraryContent(direct))
    const second = await run(plugged, 'import', '--device', plugged.udid, '--into', into, '--json')
    expect(reportOf(second)).toMatchObject({ status: 'done', messages: { stored: 0 } })
    expect(plugged.backups.sent).toEqual([])
    expect(plugged.transcript.complaints).toEqual([])
  })

  it('that is unplugged parks the run, and a retry goes on with it', async () => {
    const { phone: plugged } = await plugIn()
    plugged.backups.at('file', () => plugged.unplug(), 30)
    const parked = await run(plugged, 'import', '--device', plugged.udid, '--into', into, '--json')
    expect(parked.status).toBe(75)
    expect(reportOf(parked)).toMatchObject({
      status: 'retryable',
      step: 'extract',
      error: { code: 'DEVICE_LOST' },
      backupExists: false,
    })
    plugged.plugIn()
    const retried = await run(plugged, 'retry', '--into', into, '--json')
    expect(reportOf(retried)).toMatchObject({ status: 'done' })
  })

  it('that asks for its passcode has the program say so', async () => {
    const { phone: plugged } = await plugIn()
    plugged.backups.passcode.asks = true
    const started = startWith(
      { USBMUXD_SOCKET_ADDRESS: plugged.address },
      ...['import', '--device', 'any', '--into', into, '--json'],
    )
    await started.says('Enter the passcode on the iPhone')
    plugged.backups.passcode.enter()
    expect(reportOf(await started.ended)).toMatchObject({ status: 'done' })
  })

  it('that is not there, or whose service is not, is told as such before anything is made', async () => {
    const { phone: plugged } = await plugIn()
    plugged.unplug()
    const absent = await run(plugged, 'import', '--device', 'any', '--into', into, '--json')
    expect(absent.status).toBe(2)
    expect(reportOf(absent).error).toMatchObject({ code: 'DEVICE_NOT_FOUND' })
    await plugged.stop()
    const unreachable = await run(plugged, 'devices', '--json')
    expect(unreachable.status).toBe(2)
    expect(reportOf(unreachable).error).toMatchObject({ code: 'MUX_UNREACHABLE' })
  })
})
