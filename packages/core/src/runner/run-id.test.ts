import { describe, expect, it } from 'vitest'
import { newRunId } from './run-id.js'

describe('the id of a run', () => {
  it('is a UUID of version 7, with its moment in front', () => {
    const id = newRunId(0x0123456789ab)
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('sorts by age, and differs within a moment', () => {
    const ids = [1, 2, 1_700_000_000_000, 1_700_000_000_001].map((now) => newRunId(now))
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(Array.from({ length: 1000 }, () => newRunId(7))).size).toBe(1000)
  })
})
