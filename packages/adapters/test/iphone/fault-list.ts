import { afterEach, describe } from 'vitest'
import { type Mux, Workshops } from './fault-workshop.js'
import {
  cancelledHere,
  cancelledOnPhone,
  fullHost,
  lockTaken,
  passcodeMissing,
  unplugged,
  unreadableFiles,
} from './phone-faults.js'
import { cutStreams, fortyThousandPaths, ofKind, oldTls, unixSocket } from './phone-kinds.js'
import { invalidHostId, lockedService, noPairRecord } from './phone-refusals.js'

/**
 * Everything that is known to go wrong with phones, and every kind of them, by the names of the table in docs/emulated-iphone.md. Each is
 * tried over each transport.
 */
export const faultList: Readonly<Record<string, (mux: Mux, workshops: Workshops) => void>> = {
  'unplugged, at every moment and inside a file': unplugged,
  'no room at the host: a purge that is refused, and code 105': fullHost,
  'passcode not entered: code 208': passcodeMissing,
  'files that the phone cannot read: a remote error each, and code 104': unreadableFiles,
  'cancelled on the phone': cancelledOnPhone,
  'cancelled by the host': cancelledHere,
  'the lock of syncs is busy': lockTaken,
  'the phone does not know the host: `InvalidHostID`': invalidHostId,
  'no pair record': noPairRecord,
  'locked: `PasswordProtected`, of the session and of the service': lockedService,
  '40,000 paths in a message': fortyThousandPaths,
  'TLS 1.2': ofKind({ tls: '1.2' }),
  'TLS 1.3': ofKind({ tls: '1.3' }),
  'TLS 1.0 alone, which is refused': oldTls,
  'services without TLS': ofKind({ serviceTls: false }),
  'a pair record that is signed with SHA-1': ofKind({ certificates: 'sha1' }),
  'a pair record in XML': ofKind({ pairRecord: 'xml' }),
  'a binary pair record': ofKind({ pairRecord: 'binary' }),
  'a binary pair record that is signed with SHA-1, and TLS 1.2': ofKind({
    pairRecord: 'binary',
    certificates: 'sha1',
    tls: '1.2',
  }),
  'DeviceLink 300': ofKind({ linkVersion: 300 }),
  'DeviceLink 400': ofKind({ linkVersion: 400 }),
  'DeviceLink 401': ofKind({ linkVersion: 401 }),
  'an id without its dash in the list of the mux': ofKind({ listedWithoutDash: true }),
  'listed over the network as well': ofKind({ alsoOnNetwork: true }),
  'a mux on a unix socket': unixSocket,
  'every boundary of the streams cut, and what was sent apart joined': cutStreams,
}

/** Tries the whole list over one of the ways to phones. A row without a test is a failure. */
export function describeFaults(transport: string, mux: Mux): void {
  const workshops = new Workshops()
  afterEach(() => workshops.close())
  describe(`over ${transport}`, () => {
    describe.each(Object.entries(faultList))('%s', (_, describeRow) => {
      describeRow(mux, workshops)
    })
  })
}
