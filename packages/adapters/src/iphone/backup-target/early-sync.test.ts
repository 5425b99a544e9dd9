import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { EarlySync } from './early-sync.js'
import { NotDurable } from './not-durable.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-early-sync-'))
  folders.push(folder)
  return folder
}

test('files are synced and closed behind whoever writes them', async () => {
  const folder = newFolder()
  const early = new EarlySync()
  const handles = await Promise.all([1, 2, 3].map((n) => open(join(folder, String(n)), 'wx')))
  for (const handle of handles) await early.sync(handle)
  expect(await early.settled()).toBeNull()
  expect(handles.map(({ fd }) => fd)).toEqual([-1, -1, -1])
})

// There is no way to sync a pipe: the system refuses it, as it does for a file that it could not keep.
test.skipIf(process.platform === 'win32')(
  'what could not be made durable is told at the next file, and at the end, and nothing stays open',
  async () => {
    const folder = newFolder()
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const early = new EarlySync()
    const pipe = await open(join(folder, 'pipe'), constants.O_RDWR)
    await early.sync(pipe)
    const failure = await early.settled()
    expect(failure).toBeInstanceOf(NotDurable)
    expect(failure?.code).toBe('EINVAL')
    const next = await open(join(folder, 'next'), 'wx')
    await expect(early.sync(next)).rejects.toBe(failure)
    expect([pipe.fd, next.fd]).toEqual([-1, -1])
    expect(await early.settled()).toBe(failure)
  },
)
