import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { transports } from './backup-workshop.js'
import { faultList } from './fault-list.js'

const guide = readFileSync(new URL('../../../../docs/emulated-iphone.md', import.meta.url), 'utf8')

test('the table of the guide names every fault that is tried, and each transport', () => {
  const [, table = ''] = /## What is tried over each transport\n[^|]*(\|.*?)\n\n/s.exec(guide) ?? []
  const [head = [], , ...rows] = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const names = transports.map(([name]) => name)
  expect(head).toEqual(['', ...names.map((name) => `\`${name}\``)])
  expect(rows).toEqual(Object.keys(faultList).map((fault) => [fault, ...names.map(() => 'yes')]))
})

test('each transport has a file that tries the whole list', () => {
  for (const [name] of transports) {
    const file = `phone-faults.${name.replace('Mux', '-mux')}.test.ts`
    expect(readFileSync(new URL(file, import.meta.url), 'utf8')).toContain(`describeFaults('${name}', (`)
  }
})
