import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { syncTree } from './sync-tree.js'
import { VolumeSyncs } from './sync-volume.js'

const { signal } = new AbortController()
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-sync-tree-'))
  await mkdir(join(folder, 'ab'))
  for (const name of ['Info.plist', 'ab/ab12', 'ab/ab34']) await writeFile(join(folder, name), name)
  await link(join(folder, 'ab', 'ab12'), join(folder, 'ab', 'also'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function filesSynced(believed: boolean): Promise<number> {
  class Volumes extends VolumeSyncs {
    override async bringToDisk(): Promise<boolean> {
      return believed
    }
  }
  let files = 0
  await syncTree(folder, { signal, volumes: new Volumes(), synced: (count) => void (files += count) })
  return files
}

test('each file is made durable for itself where the volume is not believed', async () => {
  expect(await filesSynced(false)).toBe(4)
})

test('no file is asked for itself where the volume says that all is durable', async () => {
  expect(await filesSynced(true)).toBe(0)
})
