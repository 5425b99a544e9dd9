import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Program } from '../engine/children.js'

/** Seconds for which the volume of the test hangs. */
const hanging = 30

let program: Program
let base = ''
beforeEach(async () => {
  program = await Program.bundle('../iphone/cancelled-sync-child.ts')
  base = await mkdtemp(join(tmpdir(), 'holdfast-cancelled-sync-'))
})
afterEach(async () => {
  program.remove()
  await rm(base, { recursive: true })
})

test.skipIf(process.platform !== 'linux')(
  'a process whose backup was cancelled ends, though the volume hangs that it was syncing',
  async () => {
    const [folder, programs] = [join(base, 'folder'), join(base, 'programs')]
    await mkdir(folder)
    await mkdir(programs)
    const begun = join(folder, 'begun')
    await writeFile(join(programs, 'sync'), `#!/bin/sh\necho $$ > '${begun}'\nexec sleep ${hanging}\n`)
    await chmod(join(programs, 'sync'), 0o755)
    const { report } = await program.start(folder, {
      PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
    }).ended
    expect(report).toBe('cancelled')
    // It is still there, and so did not end before the process.
    process.kill(Number(await readFile(begun, 'utf8')), 'SIGKILL')
  },
  hanging * 2000,
)
