import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { holdfastVersion } from './version.js'

it('reports name the version that the package has', () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(manifest).toMatchObject({ name: '@holdfast/core', version: holdfastVersion })
})
