import { isDict, plistDict } from '../../../plist/plist-value.js'
import type { BackupScript } from './backup-service.js'
import { ended } from './host-side.js'
import { failureCodes, PhoneFailure } from './phone-failure.js'

const io = failureCodes.io

/** Phones that do what is allowed and rare, and then back up as usual: a host has to bear with all of them. */
export const oddScripts: Readonly<Record<string, BackupScript>> = {
  'copies, moves and removes by all names of the commands': async (link, { udid, backUp }) => {
    const at = (path: string): string => `${udid}/odd/${path}`
    for (const folder of ['a', 'a/deep', 'b'])
      ended(await link.command('DLMessageCreateDirectory', at(folder)), io, folder)
    const sent = await link.upload(0, 9, async (files) => {
      for (const name of ['a/one', 'a/deep/two', 'b/one']) {
        await files.begin(`/.b/odd/${name}`, at(name))
        await files.data(Buffer.from('odd'))
        await files.end()
      }
    })
    ended(sent, io, 'odd files')
    ended(await link.command('DLMessageCopyItem', at('a/one'), at('copy')), io, 'a copy of a file')
    ended(await link.command('DLMessageCopyItem', at('a'), at('tree')), io, 'a copy of a tree')
    const moves = plistDict({ [at('tree')]: at('b'), [at('copy')]: at('a/one') })
    ended(await link.command('DLMessageMoveFiles', moves, plistDict({}), 0), io, 'moving over what is there')
    const missing = await link.command(
      'DLMessageRemoveFiles',
      [at('a/one'), at('never there')],
      plistDict({}),
      0,
    )
    ended(missing, io, 'removing what is not there')
    const left = await link.command('DLContentsOfDirectory', at('b'))
    const names = isDict(left.payload) ? new Set(left.payload.keys()) : new Set()
    if (names.size !== 2 || !names.has('deep') || !names.has('one')) {
      throw new PhoneFailure(io, 'The host does not have what was copied and moved')
    }
    ended(
      await link.command('DLMessageRemoveItems', [`${udid}/odd`], plistDict({}), 0),
      io,
      'removing a tree',
    )
    await backUp()
  },

  'says what no host knows': async (link, { backUp }) => {
    const status = await link.command('DLMessageFromTheFuture', 'a text', 7)
    if (status.code !== -1) link.complain('a command that no host knows was not answered by -1')
    await backUp()
  },

  'names forty thousand paths in a message': async (link, { udid, backUp }) => {
    const paths = Array.from({ length: 40_000 }, (_, index) => `${udid}/Snapshot/${index % 256}/${index}`)
    ended(await link.command('DLMessageRemoveItems', paths, plistDict({}), 0), io, 'removing')
    await backUp()
  },

  'has a progress that falls, is below zero, or is none': async (link, { udid, backUp }) => {
    const folder = `${udid}/progress`
    for (const progress of [50, 10, -1]) {
      ended(await link.arrange('DLMessageRemoveItems', [folder], progress), io, 'removing')
    }
    ended(await link.command('DLMessageRemoveItems', [folder]), io, 'removing')
    await backUp()
  },

  'sends a block of megabytes, and one of a byte': async (link, { udid, backUp }) => {
    ended(await link.command('DLMessageCreateDirectory', udid), io, udid)
    const sent = await link.upload(0, 9_000_000, async (files) => {
      await files.begin('/.b/odd/large', `${udid}/large`)
      await files.data(Buffer.alloc(9_000_000, 'block'))
      await files.data(Buffer.from('!'))
      await files.end()
    })
    ended(sent, io, 'a large block')
    ended(await link.arrange('DLMessageRemoveItems', [`${udid}/large`], 0), io, 'removing')
    await backUp()
  },
}
