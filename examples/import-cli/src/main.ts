import { backupParts } from '@holdfast/core/import'
import { shownError } from './cli-error.js'
import type { CommandContext } from './command-context.js'
import { parseCommandLine } from './command-line.js'
import { type ExitStatus, exitStatus, statusOfError } from './exit-status.js'
import { interruptWords, listenForInterrupts } from './interrupts.js'
import { errorWords } from './report/error-words.js'
import { reportOfCommand } from './report/json-report.js'
import { Terminal } from './terminal/terminal.js'

/** Codes of errors that say what is wrong with the backup. */
const aboutBackup = /^(BACKUP|PASSWORD|KEYBAG|MANIFEST|MESSAGES|CONTACTS|CALLS|VOICEMAIL|WHATSAPP)_/

process.exitCode = await main(process.argv.slice(2))

/** The program: runs the command that the words name, and says how it ended. Never throws. */
async function main(words: readonly string[]): Promise<ExitStatus> {
  const { stdout, stderr, env } = process
  const terminal = new Terminal({ json: words.includes('--json'), stdout, stderr, env })
  const onInterrupt: CommandContext['onInterrupt'] = { will: 'stop' }
  const interrupts = listenForInterrupts(() => terminal.tell(`  ${interruptWords[onInterrupt.will]}`))
  const context: CommandContext = {
    terminal,
    signal: interrupts.signal,
    onInterrupt,
    startedAt: performance.now(),
    known: { backupPath: null, run: null, parts: backupParts },
  }
  try {
    const command = parseCommandLine(words, terminal)
    return command === null ? exitStatus.done : await command(context)
  } catch (thrown) {
    const { parts } = context.known
    const stopped = interrupts.signal.aborted && onInterrupt.will === 'stop'
    const error = shownError(stopped ? interrupts.signal.reason : thrown, parts)
    terminal.live()
    terminal.tell(...errorWords(error, terminal.noteColors))
    if (aboutBackup.test(error.code)) terminal.tell(`  The backup was given as ${context.known.backupPath}`)
    if (env['HOLDFAST_DEBUG'] === '1')
      terminal.tell(String(error.cause instanceof Error ? error.cause.stack : error.stack))
    terminal.report(reportOfCommand(context, error))
    return statusOfError(error.code)
  } finally {
    interrupts.stop()
  }
}
