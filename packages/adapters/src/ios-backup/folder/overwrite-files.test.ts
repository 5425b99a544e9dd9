import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { recordScratch, removeScratch } from './scratch-record.js'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-overwrite-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const secret = Buffer.alloc(600_001, 'plaintext of somebody ')

/** A scratch folder with files in two depths, and a descriptor of each: what was removed can still be read by those. */
async function scratch() {
  const path = await recordScratch(parent)
  mkdirSync(join(path, 'deeper'), { recursive: true })
  const files = ['sms.db', 'deeper/Manifest.db'].map((name) => join(path, name))
  for (const file of files) writeFileSync(file, secret)
  return { path, open: files.map((file) => openSync(file, 'r')) }
}

function contentOf(descriptor: number): Buffer {
  const content = Buffer.alloc(secret.length + 1)
  const bytes = readSync(descriptor, content, 0, content.length, 0)
  closeSync(descriptor)
  return content.subarray(0, bytes)
}

it('what was decrypted is zeros, to its last byte, by the time that it is removed, where the host asks for it', async () => {
  const { path, open } = await scratch()
  await removeScratch(path, { overwrite: true })
  expect(existsSync(path)).toBe(false)
  for (const descriptor of open) expect(contentOf(descriptor).equals(Buffer.alloc(secret.length))).toBe(true)
})

it('without that option its files are only removed', async () => {
  const { path, open } = await scratch()
  await removeScratch(path, { overwrite: false })
  expect(existsSync(path)).toBe(false)
  for (const descriptor of open) expect(contentOf(descriptor).equals(secret)).toBe(true)
})

it('what a link in the folder leads to, by path or by inode, stays as it is', async () => {
  const { path, open } = await scratch()
  for (const descriptor of open) closeSync(descriptor)
  const outside = join(parent, 'outside')
  writeFileSync(outside, secret)
  symlinkSync(outside, join(path, 'link'))
  linkSync(outside, join(path, 'hard link'))
  await removeScratch(path, { overwrite: true })
  expect(existsSync(path)).toBe(false)
  expect(readFileSync(outside).equals(secret)).toBe(true)
})
