import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parsePlist } from '../../src/plist/parse-plist.js'
import { isDict } from '../../src/plist/plist-value.js'
import { EmulatedIphone, type EmulatedIphoneOptions } from '../../src/testing/index.js'

const installed = ['idevice_id', 'ideviceinfo'].every(
  (tool) => spawnSync(tool, ['--help']).error === undefined,
)
/** Runs one of the programs against a phone; gives what it printed. */
async function run(phone: EmulatedIphone, program: string, ...words: readonly string[]): Promise<string> {
  const env = { ...process.env, USBMUXD_SOCKET_ADDRESS: phone.address }
  const { stdout } = await promisify(execFile)(program, [...words], { env, timeout: 30_000 })
  return stdout
}

async function withPhone(
  options: EmulatedIphoneOptions,
  use: (phone: EmulatedIphone) => Promise<void>,
): Promise<void> {
  const phone = await EmulatedIphone.start(options)
  try {
    await use(phone)
    expect(phone.transcript.complaints).toEqual([])
  } finally {
    await phone.stop()
  }
}

describe.skipIf(!installed)(
  `programs that know real phones take the emulated one for real${installed ? '' : ' (skipped: libimobiledevice-utils is not installed)'}`,
  () => {
    test('idevice_id lists it', () =>
      withPhone({}, async (phone) => {
        expect((await run(phone, 'idevice_id', '-l')).trim()).toBe(phone.udid)
      }))

    test('ideviceinfo reads what it says without a session', () =>
      withPhone({ name: 'Zoë’s iPhone' }, async (phone) => {
        const said = await run(phone, 'ideviceinfo', '-s')
        expect(said).toContain('DeviceName: Zoë’s iPhone')
        expect(said).toContain(`UniqueDeviceID: ${phone.udid}`)
        expect(said).not.toContain('SerialNumber')
      }))

    test.each<EmulatedIphoneOptions>([
      { tls: '1.2' },
      { tls: '1.3' },
      { certificates: 'sha1' },
      { pairRecord: 'binary', listedWithoutDash: false },
    ])('ideviceinfo reads everything over TLS: %j', (options) =>
      withPhone(options, async (phone) => {
        const parsed = parsePlist(Buffer.from(await run(phone, 'ideviceinfo', '-x')))
        if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
        expect(parsed.value.get('SerialNumber')).toBe('F2LEMULATED1')
        expect(parsed.value.get('UniqueChipID')).toBe(2n ** 53n + 1n)
        const said = phone.transcript.said('lockdown')
        expect(said).toContain('StartSession')
        expect(said.at(-1)).toMatch(/StopSession|Goodbye/)
      }),
    )

    test('ideviceinfo is told by the words of lockdown what is wrong', () =>
      withPhone({}, async (phone) => {
        phone.lockdownFaults.set('StartSession', 'PasswordProtected')
        await expect(run(phone, 'ideviceinfo')).rejects.toMatchObject({
          stderr: expect.stringMatching(/password protected|-17/i),
        })
      }))
  },
)
