import { describe, expect, it } from 'vitest'
import { Pace } from './pace.js'

describe('a pace', () => {
  it('says nothing before it knows enough', () => {
    const pace = new Pace()
    expect(pace.read(0, 100)).toEqual({ rate: null, left: null })
    pace.sample(0, 0)
    pace.sample(100, 50)
    expect(pace.read(100, 100)).toEqual({ rate: null, left: null })
  })

  it('counts from where an attempt began, not from zero', () => {
    const pace = new Pace()
    pace.sample(0, 9000)
    pace.sample(1000, 9500)
    expect(pace.read(1000, 10_000)).toEqual({ rate: 500, left: 1000 })
  })

  it('forgets what is long ago, so that a slow stretch shows', () => {
    const pace = new Pace()
    for (let second = 0; second <= 10; second++) pace.sample(second * 1000, second * 1000)
    for (let second = 11; second <= 20; second++) pace.sample(second * 1000, 10_000 + (second - 10) * 10)
    expect(pace.read(20_000, null)).toEqual({ rate: 10, left: null })
  })

  it('sinks while nothing comes', () => {
    const pace = new Pace()
    pace.sample(0, 0)
    pace.sample(1000, 1000)
    expect(pace.read(1000, 2000).rate).toBe(1000)
    expect(pace.read(4000, 2000)).toEqual({ rate: 250, left: 4000 })
  })
})
