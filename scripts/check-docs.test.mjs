import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { documentFaults, errorTableFaults } from './check-docs.mjs'

describe('a document', () => {
  /** @type {string} */
  let folder
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-docs-'))
    writeFileSync(join(folder, 'other.md'), '# Other\n\n## What it is, in `short`\n')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** @param {string} text */
  const faults = (text) => documentFaults(join(folder, 'page.md'), text, { scripts: ['verify'] })

  it('whose links and commands are right has no fault', () => {
    const text = `# Page
[a](other.md) [b](other.md#what-it-is-in-short) [c](#page) [d](https://example.org/x)
Run \`npm run verify\`.
\`[not a link](nowhere.md)\`
`
    expect(faults(text)).toEqual([])
  })

  it('is told of links that lead nowhere', () => {
    expect(faults('[a](gone.md) [b](other.md#gone) [c](#gone)')).toEqual([
      'the link gone.md leads nowhere',
      'the link other.md#gone names a heading that is not there',
      'the link #gone names a heading that is not there',
    ])
  })

  it('is told of commands that there are not, also in code', () => {
    expect(faults('```\nnpm run deploy\n```\n')).toEqual(["there is no 'npm run deploy'"])
  })
})

describe('the table of errors', () => {
  const codes = { DISK_FULL: 'The volume is full.', CANCELLED: 'The run was cancelled.' }

  it('that says what the code says has no fault', () => {
    const table =
      '| Code | Meaning |\n| --- | --- |\n| `DISK_FULL` | The volume is full. |\n| `CANCELLED` | The run was cancelled. |\n'
    expect(errorTableFaults(table, codes)).toEqual([])
  })

  it('is told of codes that are missing, changed or gone', () => {
    const table = '| `DISK_FULL` | No space. |\n| `GONE` | Was once. |\n'
    expect(errorTableFaults(table, codes)).toEqual([
      "DISK_FULL is said to mean 'No space.', not 'The volume is full.'",
      'CANCELLED is missing',
      'GONE is no code',
    ])
  })
})
