import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { tellsLosses, VolumeSyncs } from './sync-volume.js'

const ext4 = {
  platform: 'linux',
  release: '6.1.0-18-amd64',
  type: 0xef53,
  program: 'sync (GNU coreutils) 9.1',
} as const
const { signal } = new AbortController()

test('a volume is believed that tells what it could not keep', () => {
  expect(tellsLosses(ext4)).toBe(true)
  expect(tellsLosses({ ...ext4, release: '5.17.1' })).toBe(true)
  expect(tellsLosses({ ...ext4, type: 0x9123683e })).toBe(true)
})

test.each([
  ['of an older kernel', { release: '5.15.0-91-generic' }],
  ['of a kernel that does not say', { release: 'unknown' }],
  ['of a file system that may not tell', { type: 0x6969 }],
  ['of no known file system', { type: null }],
  ['synced by a program that does not look', { program: 'sync (uutils coreutils) 0.2.2' }],
  ['of another system', { platform: 'darwin' }],
])('a volume is not believed %s', (_, facts) => {
  expect(tellsLosses({ ...ext4, ...facts })).toBe(false)
})

test('a volume that could not keep something is not believed any more, whoever asks', async () => {
  let fails = true
  const volumes = new VolumeSyncs(async ([first]) => {
    if (first === '--version') return ext4.program
    if (fails) throw new Error('sync: error syncing: Input/output error')
    return ''
  }, 'linux')
  expect(await volumes.bringToDisk(tmpdir(), signal)).toBe(false)
  fails = false
  expect(await volumes.bringToDisk(tmpdir(), signal)).toBe(false)
})

test('one is asked for at a time, and one that is aborted is in the way of none', async () => {
  const stop = new AbortController()
  const words: string[] = []
  let under = 0
  const volumes = new VolumeSyncs(async ([first = '']) => {
    expect(++under).toBe(1)
    await new Promise(setImmediate)
    under--
    words.push(first)
    if (first === '-f' && words.length === 1) stop.abort(new Error('enough'))
    return ext4.program
  }, 'linux')
  const [first, second, third] = await Promise.allSettled([
    volumes.bringToDisk(tmpdir(), signal),
    volumes.bringToDisk(tmpdir(), stop.signal),
    volumes.bringToDisk(tmpdir(), signal),
  ])
  expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(words).toEqual(['-f', '--version', '-f'])
})

test('one that is aborted is heard to its end: what it is told is told to nobody else', async () => {
  const stop = new AbortController()
  let isFirst = true
  const volumes = new VolumeSyncs(async () => {
    if (!isFirst) return ext4.program
    isFirst = false
    stop.abort(new Error('enough'))
    await new Promise(setImmediate)
    throw new Error('sync: error syncing: Input/output error')
  }, 'linux')
  await expect(volumes.bringToDisk(tmpdir(), stop.signal)).rejects.toThrow('enough')
  expect(await volumes.bringToDisk(tmpdir(), signal)).toBe(false)
})

test('elsewhere no program is asked', async () => {
  const volumes = new VolumeSyncs(() => Promise.reject(new Error('asked')), 'darwin')
  expect(await volumes.bringToDisk(tmpdir(), signal)).toBe(false)
})
