import { expect, it } from 'vitest'
import { canonicalHandle } from './handles.js'

it.each([
  ['+1 (555) 234-5678', '+15552345678'],
  ['\u202a+44 7700 900123\u202c', '+447700900123'],
  ['Ann.Lee@Example.ORG ', 'ann.lee@example.org'],
  ['62226', '62226'],
  ['622-26', '62226'],
  ['AMAZON', 'AMAZON'],
  ['Bäckerei 24/7', 'Bäckerei 24/7'],
  ['', ''],
])('%j is the handle %j', (given, handle) => {
  expect(canonicalHandle(given)).toBe(handle)
  expect(canonicalHandle(handle)).toBe(handle)
})
