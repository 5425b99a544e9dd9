import { Argument, Command, CommanderError, Option } from '@commander-js/extra-typings'
import { type BackupPartName, backupParts, skipReasons } from '@holdfast/core/import'
import { cliError } from './cli-error.js'
import type { CommandContext } from './command-context.js'
import { demo } from './commands/demo.js'
import { listDevices } from './commands/devices.js'
import { discardRun } from './commands/discard.js'
import { importBackup } from './commands/import.js'
import { inspectLibrary } from './commands/inspect.js'
import { inspectBackupFolder } from './commands/inspect-backup.js'
import { retryRun } from './commands/retry.js'
import { listRuns } from './commands/runs.js'
import { verifyLibrary } from './commands/verify.js'
import type { ExitStatus } from './exit-status.js'
import { runWords, unfinishedRunWords } from './runs/find-run.js'
import type { Terminal } from './terminal/terminal.js'

/** A command with its options, ready to be run. */
export type ChosenCommand = (context: CommandContext) => Promise<ExitStatus>

const into = () => new Option('--into <dir>', 'folder of the library').argParser(notEmpty)
const passwordEnv = () =>
  new Option(
    '--password-env <name>',
    'environment variable that holds the password of an encrypted backup; without it the terminal asks',
  )
const json = () => new Option('--json', 'print one JSON object as the last line of standard output')

/**
 * What the words on the command line ask for; null when they asked for help, which was given.
 *
 * @throws HoldfastError `USAGE`.
 */
export function parseCommandLine(
  words: readonly string[],
  terminal: Pick<Terminal, 'say' | 'columns'>,
): ChosenCommand | null {
  let chosen: ChosenCommand | null = null
  const choose = (command: ChosenCommand): void => {
    chosen = command
  }
  const program = new Command('npm start --')
    .description(
      'Imports iPhone backups into a verified library, and lets a backup go only then. Without a command: the demo.',
    )
    .addOption(
      new Option(
        '--into <dir>',
        'folder for the library of the demo (default: a new temporary one)',
      ).argParser(notEmpty),
    )
    .addOption(json())
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.say(text.trimEnd()),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(terminal.columns, 100),
    })
    .addHelpText('after', exitStatusHelp)
  // With an action of its own the program would take an unknown command for an argument too many.
  if (words[0] === undefined || words[0].startsWith('-')) {
    program.action((options) => choose((context) => demo(options, context)))
  }

  program
    .command('import')
    .description(
      'import a backup, or an iPhone on the cable: contacts, messages, calls, voicemail and WhatsApp, as far as the backup holds them; joins the unfinished run of the same backup or iPhone where there is one',
    )
    .addOption(
      new Option('--backup <dir>', 'folder of the backup: the one that holds Manifest.db').argParser(
        notEmpty,
      ),
    )
    .addOption(
      new Option(
        '--device <udid>',
        'iPhone on the cable to back up and import, by its id, or `any` for the only one there; its backup lies in the folder `backups` of the library',
      )
        .argParser(notEmptyId)
        .conflicts('backup'),
    )
    .addOption(into().makeOptionMandatory())
    .addOption(passwordEnv())
    .addOption(
      new Option(
        '--parts <names>',
        `what to import, separated by commas: ${backupParts.join(', ')} (default: all that the backup holds); leaves a damaged part out`,
      ).argParser(partNames),
    )
    .addOption(
      new Option('--full', 'have the iPhone send everything, even what an earlier backup holds').conflicts(
        'backup',
      ),
    )
    .addOption(
      new Option('--cleanup <policy>', 'what becomes of the backup once it is verified')
        .choices(['delete', 'scratch', 'keep'] as const)
        .default('keep' as const),
    )
    .addOption(
      new Option(
        '--allow <reason>',
        'let items be skipped for this reason even if the backup is deleted; may be repeated',
      )
        .choices(Object.keys(skipReasons))
        .argParser((reason: string, all: readonly string[] | undefined) => [
          ...(all ?? []),
          skipReason(reason),
        ]),
    )
    .addOption(
      new Option(
        '--force',
        'read and compare everything, even if nothing tells of a change since the backup was last imported',
      ),
    )
    .addOption(
      new Option(
        '--deleted-in-source <policy>',
        'what becomes of what the library has and the phone no longer: kept, or kept and listed in `deleted_in_source`',
      )
        .choices(['keep', 'mark'] as const)
        .default('keep' as const),
    )
    .addOption(new Option('--owner <name>', 'whose data it is').default(''))
    .addOption(json())
    .action((options) => choose((context) => importBackup(options, context)))

  program
    .command('devices')
    .description('list the iPhones on the cable, and whether a backup of them can begin')
    .addOption(json())
    .action((options) => choose((context) => listDevices(options, context)))

  program
    .command('retry')
    .description(
      'go on with a run that is parked, or that a kill left unfinished; without RUN the last of them',
    )
    .addArgument(new Argument('[run]', unfinishedRunWords))
    .addOption(into().makeOptionMandatory())
    .addOption(passwordEnv())
    .addOption(json())
    .action((run, options) => choose((context) => retryRun({ ...options, run }, context)))

  program
    .command('discard')
    .description('give a run up: the library becomes as it was before it')
    .addArgument(new Argument('<run>', unfinishedRunWords))
    .addOption(into().makeOptionMandatory())
    .addOption(
      new Option('--backup <what>', 'what becomes of the backup, where the run made it')
        .choices(['keep', 'delete'] as const)
        .default('keep' as const),
    )
    .addOption(json())
    .action((run, options) => choose((context) => discardRun({ ...options, run }, context)))

  program
    .command('runs')
    .description('list the runs of a library')
    .addOption(into().makeOptionMandatory())
    .addOption(json())
    .action((options) => choose((context) => listRuns(options, context)))

  program
    .command('verify')
    .description('read every row and every file of the library again, and hold them against their receipts')
    .addOption(into().makeOptionMandatory())
    .addOption(json())
    .action((options) => choose((context) => verifyLibrary(options, context)))

  program
    .command('inspect')
    .description(
      'show the statechart and the history of the runs of a library; or what a backup is and holds',
    )
    .addOption(into())
    .addOption(new Option('--run <run>', `only this one: ${runWords}`))
    .addOption(new Option('--report', 'print what can be sent to support: no names, paths or other contents'))
    .addOption(
      new Option('--backup <dir>', 'folder of a backup; its password is not needed')
        .argParser(notEmpty)
        .conflicts(['into', 'run', 'report']),
    )
    .addOption(
      new Option('--digests', 'read and check each file of the backup that carries a digest').conflicts([
        'into',
        'run',
        'report',
      ]),
    )
    .addOption(json())
    .action(({ backup, into: folder, ...options }) => {
      if (backup !== undefined) choose((context) => inspectBackupFolder({ ...options, backup }, context))
      else if (folder !== undefined)
        choose((context) => inspectLibrary({ ...options, into: folder }, context))
      else throw usageError('Name a library with --into, or a backup with --backup', words)
    })

  try {
    program.parse(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return null
    throw usageError(error.message, words)
  }
  return chosen
}

const exitStatusHelp = `
Exit status:
  0   done
  1   failed
  2   wrong usage or input; nothing was changed
  75  parked: nothing is lost, and \`retry\` goes on
  130 interrupted`

function usageError(message: string, words: readonly string[]) {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n')
  // Commander puts its guess into parentheses, on a line of its own.
  const more = rest.map((line) => line.replace(/^\((.*)\)$/, '$1'))
  const named = words[0] !== undefined && !words[0].startsWith('-') && !first.startsWith('unknown command')
  const help = `See: npm start -- ${named ? `${words[0]} ` : ''}--help`
  return cliError('USAGE', `${first.charAt(0).toUpperCase()}${first.slice(1)}`, [...more, help].join(' '))
}

function notEmpty(path: string): string {
  if (path !== '') return path
  throw cliError(
    'USAGE',
    'The path of a folder is empty',
    'Name a folder; an empty variable in a script does this.',
  )
}

function notEmptyId(id: string): string {
  if (id !== '') return id
  throw cliError(
    'USAGE',
    'The id of the iPhone is empty',
    'Name one that `npm start -- devices` lists, or `any`.',
  )
}

function partNames(list: string): readonly BackupPartName[] {
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !backupParts.some((part) => part === name))
  if (unknown === undefined) return backupParts.filter((part) => names.includes(part))
  throw cliError(
    'USAGE',
    `There is no part '${unknown}' of a backup`,
    `There are: ${backupParts.join(', ')}; separate them by commas, without spaces.`,
  )
}

function skipReason(reason: string): string {
  if (Object.hasOwn(skipReasons, reason)) return reason
  throw cliError(
    'USAGE',
    `There is no skip reason '${reason}'`,
    `There are: ${Object.keys(skipReasons).join(', ')}.`,
  )
}
