import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

/** @param {string} name */
const module = (name) => JSON.stringify(new URL(name, import.meta.url).href)

/**
 * Starts a program and gathers what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function start(command, args, env = process.env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  return {
    child,
    closed: once(child.stdout, 'close'),
    lines: () => output.split('\n').filter((line) => line !== ''),
    /** @param {number} count */
    async gives(count) {
      while (output.split('\n').length <= count) await delay(10)
    },
  }
}

describe.skipIf(process.platform === 'win32')('one Ctrl-C', () => {
  it('is one SIGINT, though npm sends it a second time; another Ctrl-C is another', async () => {
    const { child, closed, lines, gives } = start(process.execPath, [
      '--input-type=module',
      '-e',
      `
        const { mergeInterrupts } = await import(${module('single-interrupt.mjs')})
        mergeInterrupts()
        process.on('SIGINT', () => console.log('interrupted'))
        process.on('SIGTERM', () => process.exit())
        setInterval(() => {}, 1_000)
        console.log('ready')
      `,
    ])
    await gives(1)
    child.kill('SIGINT')
    await delay(20)
    child.kill('SIGINT')
    await delay(400)
    child.kill('SIGINT')
    await gives(3)
    child.kill('SIGTERM')
    await closed
    expect(lines()).toEqual(['ready', 'interrupted', 'interrupted'])
  })
})

// npm → shell → script, with a Node in npm's place.
describe.skipIf(process.platform !== 'linux')('a script that npm has started', () => {
  const script = `
    const { endWithNpm } = await import(${module('follow-npm.mjs')})
    endWithNpm()
    process.on('SIGTERM', () => { console.log('asked to end'); setTimeout(() => process.exit(), 500) })
    setInterval(() => {}, 1_000)
    console.log(process.ppid + ' ' + process.pid)
  `
  const shell = `"$NODE" --input-type=module -e "$SCRIPT"; true`
  const npm = `require('child_process').spawn('sh', ['-c', ${JSON.stringify(shell)}], { stdio: 'inherit' })`
  const env = { ...process.env, NODE: process.execPath, SCRIPT: script, npm_lifecycle_event: 'start' }

  it('is asked to end, once, when the shell between them has gone', async () => {
    const { closed, lines, gives } = start(process.execPath, ['-e', npm], env)
    await gives(1)
    const [shellPid] = (lines()[0] ?? '').split(' ').map(Number)
    process.kill(shellPid ?? 0, 'SIGTERM')
    await closed
    expect(lines().slice(1)).toEqual(['asked to end'])
  })

  it('is killed when npm was killed', async () => {
    const { child, closed, lines, gives } = start(process.execPath, ['-e', npm], env)
    await gives(1)
    child.kill('SIGKILL')
    await closed
    expect(lines()).toHaveLength(1)
  })
})
