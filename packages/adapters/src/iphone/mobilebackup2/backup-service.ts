import type { Duplex } from 'node:stream'
import { HoldfastError } from '@holdfast/core'
import { plistDict, Real, signed64 } from '../../plist/plist-value.js'
import { DeviceLink } from '../device-link/device-link.js'
import { unexpected } from '../wire/plist-wire.js'
import type { Waiting } from '../wire/wire.js'

/** The name of the service, for lockdown. */
export const backupService = 'com.apple.mobilebackup2'

/** The versions of the service that differ in nothing that matters here. They must travel as reals. */
const versions = [2.0, 2.1]

/**
 * Opens the service for backups on a connection that lockdown gave: DeviceLink, and an agreement on the version.
 *
 * @throws HoldfastError as {@link DeviceLink}; `DEVICE_VERSION` when phone and host have no version in common.
 */
export async function openBackupService(stream: Duplex, waiting: Waiting = {}): Promise<DeviceLink> {
  const link = await DeviceLink.open(stream, waiting)
  const supported = versions.map((version) => new Real(version))
  await link.request(plistDict({ MessageName: 'Hello', SupportedProtocolVersions: supported }))
  const answer = await link.response()
  const [name, code] = [answer.get('MessageName'), signed64(answer.get('ErrorCode'))]
  if (name !== 'Response' || code === null) throw unexpected('It did not answer a greeting.')
  if (code !== 0) {
    throw new HoldfastError('DEVICE_VERSION', 'The iPhone makes backups in a way that is not known', {
      hint: 'This version of iOS needs a newer Holdfast.',
      retryable: false,
      facts: { deviceCode: code },
    })
  }
  return link
}
