import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeSyntheticBackup } from '../../synthetic-backup/index.js'
import { blobName } from '../../synthetic-backup/well-known-files.js'
import { allBytes, generatedContent } from './phone-content.js'
import { PhoneTree } from './phone-tree.js'
import { treeFromBackup } from './tree-from-backup.js'

function paths(tree: PhoneTree): readonly string[] {
  return [...tree.entries()].map(({ kind, domain, relativePath }) => `${kind} ${domain}-${relativePath}`)
}

test('folders are there before what is in them, each once', () => {
  const tree = new PhoneTree().put('HomeDomain', 'Library/a', 'a').put('HomeDomain', 'Library/b', 'b')
  expect(paths(tree)).toEqual([
    'directory HomeDomain-',
    'directory HomeDomain-Library',
    'file HomeDomain-Library/a',
    'file HomeDomain-Library/b',
  ])
})

test('a change is seen by its time, also of equal content, and a file that was removed comes back as another', () => {
  const tree = new PhoneTree().put('HomeDomain', 'a', 'same')
  const before = tree.at('HomeDomain', 'a')
  tree.put('HomeDomain', 'a', 'same')
  const changed = tree.at('HomeDomain', 'a')
  expect(changed?.modified).toBeGreaterThan(before?.modified ?? Infinity)
  expect(changed?.inode).toBe(before?.inode)
  tree.remove('HomeDomain', 'a').put('HomeDomain', 'a', 'same')
  expect(tree.at('HomeDomain', 'a')?.inode).not.toBe(before?.inode)
})

test('what is removed takes along what is below it, and nothing that only begins alike', () => {
  const tree = new PhoneTree()
    .put('HomeDomain', 'a/b', '')
    .put('HomeDomain', 'ab', '')
    .put('Other', 'a/b', '')
  tree.remove('HomeDomain', 'a')
  expect(tree.files().map(({ domain, relativePath }) => `${domain}-${relativePath}`)).toEqual([
    'HomeDomain-ab',
    'Other-a/b',
  ])
})

test('generated content has its size, and is the same for the same seed alone', async () => {
  for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_001]) {
    const bytes = await allBytes(generatedContent(size, 'a'))
    expect(bytes.length).toBe(size)
    expect(bytes.equals(await allBytes(generatedContent(size, 'a')))).toBe(true)
    if (size > 1) expect(bytes.equals(await allBytes(generatedContent(size, 'b')))).toBe(false)
  }
})

test('a phone of which a backup was made has its files, and refuses one that is encrypted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tree-'))
  try {
    const options = { into: folder, messages: 30, attachments: 25, anomalies: { blobMissing: 2 } }
    const backup = await makeSyntheticBackup({ ...options, seed: 1 })
    const tree = treeFromBackup(backup.path)
    expect(paths(tree).some((path) => path.startsWith('symlink'))).toBe(true)
    const files = tree.files()
    expect(files.length).toBeGreaterThan(25)
    for (const { fileId, content } of files) {
      const blob = readFileSync(join(backup.path, blobName(fileId)))
      expect((await allBytes(content)).equals(blob)).toBe(true)
    }
    for (const generation of ['10.2', 'older'] as const) {
      const encryption = { password: 'secret', generation }
      const sealed = await makeSyntheticBackup({ ...options, seed: generation, encryption })
      expect(() => treeFromBackup(sealed.path)).toThrow('The backup is encrypted')
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
