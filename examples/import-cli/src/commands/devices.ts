import { type AttachedIphone, listIphones } from '@holdfast/adapters/iphone'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus } from '../exit-status.js'
import { reportOfCommand } from '../report/json-report.js'
import { table } from '../terminal/table.js'

/** What each state means to whoever looks at the list. */
const states: Readonly<Record<AttachedIphone['state'], string>> = {
  ready: 'ready',
  untrusted: 'not trusted: unlock it and tap “Trust”',
  locked: 'locked: unlock it',
  unreachable: 'does not answer: connect it again',
}

/**
 * `devices`: lists the iPhones that are connected.
 *
 * @throws HoldfastError `MUX_UNREACHABLE`, `MUX_FAILED`.
 */
export async function listDevices(_options: object, context: CommandContext): Promise<ExitStatus> {
  const { terminal, signal } = context
  const devices = await listIphones({ signal })
  if (devices.length === 0)
    terminal.say('  No iPhone is connected. Connect one with its cable, and unlock it.')
  else {
    const rows = devices.map(
      ({ udid, name, productType, osVersion, connection, state, problem }) =>
        [
          udid,
          name ?? '',
          productType ?? '',
          osVersion === null ? '' : `iOS ${osVersion}`,
          connection,
          state === 'unreachable' && problem !== null ? `${states[state]} (${problem})` : states[state],
        ] as const,
    )
    const head = ['id', 'name', 'model', 'version', 'over', 'state'] as const
    terminal.say(...table([head, ...rows], 'words').map((line) => `  ${line}`))
  }
  terminal.report({ ...reportOfCommand(context, null), devices })
  return exitStatus.done
}
