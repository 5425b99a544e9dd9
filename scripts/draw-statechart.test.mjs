import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { backupImport } from '../packages/core/src/import/index.ts'
import { chartOf } from '../packages/core/src/index.ts'
import { draw, picture } from './draw-statechart.mjs'

it('the picture of the statechart is that of the machine (else: node scripts/draw-statechart.mjs)', async () => {
  // Drawing performs nothing, so no port is ever asked for anything.
  const port = /** @type {never} */ ({})
  const { machine } = backupImport({ device: port, reader: port, storage: port })
  expect(readFileSync(picture, 'utf8')).toBe(await draw(chartOf(machine)))
})
