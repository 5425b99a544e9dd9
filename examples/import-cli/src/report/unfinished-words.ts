import type { RunHeader } from '@holdfast/core'
import type { CommandContext } from '../command-context.js'
import type { LibraryFolder } from '../library/library-folder.js'
import { shortId, unfinished } from '../runs/find-run.js'
import { counted } from '../terminal/format.js'
import { commandLine } from './commands-to-type.js'

/** Says that an unfinished run is gone on with, instead of a new one begun. `runs` are all of the library. */
export function sayJoined(run: RunHeader, runs: readonly RunHeader[], { terminal }: CommandContext): void {
  const where = run.status === 'working' ? `left unfinished in ${run.step}` : `parked in ${run.step}`
  terminal.tell(`  Going on with run ${shortId(run.id, runs)} of this backup, which was ${where}.`)
}

/** Mentions unfinished runs that the command is not about: all of `runs` but the one that it is about, which may be a new one. */
export function sayOthers(
  about: RunHeader | undefined,
  runs: readonly RunHeader[],
  folder: LibraryFolder,
  { terminal }: CommandContext,
): void {
  const others = unfinished(runs).filter((run) => run !== about)
  if (others.length === 0) return
  const list = others.map((run) => `${shortId(run.id, runs)} (${run.step})`).join(', ')
  const also = others.length === 1 ? 'is' : 'are'
  terminal.tell(
    `  ${counted(others.length, 'other runs')} ${also} unfinished: ${list}. See: ${commandLine('runs', '--into', folder.path)}`,
  )
}
