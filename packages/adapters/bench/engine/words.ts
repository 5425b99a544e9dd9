import { parseArgs } from 'node:util'

/** What can be said to every engine benchmark. */
export interface Words {
  /** Where the databases are made; undefined for the repository's own `.holdfast/`. */
  readonly folder: string | undefined
  /** How often each thing is measured. */
  readonly passes: number
}

/** Reads `[--folder DIR] [--passes N]` from the command line. */
export function readWords(passes = 5): Words {
  const { values } = parseArgs({ options: { folder: { type: 'string' }, passes: { type: 'string' } } })
  const wanted = Number(values.passes ?? passes)
  if (!Number.isInteger(wanted) || wanted < 1) throw new Error('--passes wants a number from 1 on')
  return { folder: values.folder, passes: wanted }
}
