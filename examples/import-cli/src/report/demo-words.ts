import type { LibraryFolder } from '../library/library-folder.js'
import type { RunResult } from '../runs/run-result.js'
import { sampleSize } from '../sample/sample-phone.js'
import { count, counted, size } from '../terminal/format.js'
import { fields } from '../terminal/table.js'
import type { Colors } from '../terminal/terminal.js'
import { commandLine } from './commands-to-type.js'
import { totalOf } from './json-report.js'

/** What the demo says as it goes. */
export function demoWords(colors: Colors, folder: LibraryFolder) {
  const { bold, dim } = colors
  const heading = (number: number, words: string) => ['', bold(`${number}. ${words}`), '']
  const facts = (rows: Parameters<typeof fields>[0]) => fields(rows).map((line) => `  ${line}`)
  return {
    beginning: () => [
      bold('Holdfast'),
      'A phone is backed up, a verified library comes out; only then the backup is let go.',
      '',
      'Only the phone is made up: what is said on the cable, its backup, SQLite, the files and the journal are real.',
      `The library goes to ${folder.path}`,
      ...heading(1, 'Import'),
      `  ${dim(`A phone with ${count(sampleSize.messages)} messages and ${count(sampleSize.attachments)} attachments is backed up over the cable and imported.`)}`,
      `  ${dim('A fault is injected: half-way through the store, the disk will seem full.')}`,
      '',
    ],

    parked: (
      { run, step, backupPath, backupExists, staged, extract }: RunResult,
      onDisk: { readonly files: number; readonly bytes: number },
      rows: ReadonlyMap<string, number>,
    ) => [
      ...heading(2, 'Parked'),
      `  ${dim('The run rests in `retryable`. Nothing is lost, and nothing is half there.')}`,
      '',
      ...facts([
        ['run', run],
        ['failed step', step ?? ''],
        [
          'backup',
          `${backupExists ? 'still there' : 'GONE'}: ${counted(onDisk.files, 'files')}, ${size(onDisk.bytes)}`,
        ],
        ['', backupPath ?? ''],
        ['staged', `${count(staged ?? 0)} of ${count(extract === null ? 0 : totalOf(extract.totals))} items`],
        [
          'to be seen',
          `${counted(rows.get('messages') ?? 0, 'messages')}: readers of the library see no half import`,
        ],
      ]),
      ...heading(3, 'Retry'),
      `  ${dim('The program closes everything and begins anew: the run is in the journal.')}`,
      '',
    ],

    retried: (attempts: readonly { readonly name: string; readonly times: number }[], from: number) => {
      const times = new Map(attempts.map((step) => [step.name, step.times]))
      const once = times.get('extract') === 1
      return [
        '',
        `  extract ran ${once ? 'once: the phone was not asked again' : `${times.get('extract')} times`}.`,
        `  store ran ${times.get('store')} times: the second went on behind the ${count(from)} items that were staged.`,
      ]
    },

    ending: (rows: ReadonlyMap<string, number>) => [
      ...heading(4, 'The library, asked with plain SQL'),
      ...facts(
        [...rows].map(([table, total]) => [`SELECT count(*) FROM ${table}`, count(total).padStart(7)]),
      ),
      '',
      '  Look around:',
      `    ${commandLine('verify', '--into', folder.path)}`,
      `    ${commandLine('inspect', '--into', folder.path)}`,
      `    ${commandLine('import', '--backup', 'DIR', '--into', folder.path)}`,
    ],
  }
}
