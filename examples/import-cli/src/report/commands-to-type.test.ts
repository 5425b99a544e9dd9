import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { commandLine } from './commands-to-type.js'

describe('a command to type', () => {
  it('leaves ordinary words as they are', () => {
    expect(commandLine('retry', '5c81f2aa', '--into', '/home/me/library')).toBe(
      'npm start -- retry 5c81f2aa --into /home/me/library',
    )
  })

  it.skipIf(process.platform === 'win32')('gives a shell back every path as it is', () => {
    for (const path of ['/My Backups/x', '/it’s "so"', '/$HOME/`id`', '/a\\b', "/o'clock", '~/x', '/now!']) {
      const word = commandLine(path).slice('npm start -- '.length)
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' })).toBe(path)
    }
  })
})
