import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.js'
import { LimitTimer } from './limit-timer.js'

const hour = 3_600_000

function started(limit: number, used = 0) {
  const clock = new VirtualClock()
  let over = 0
  const timer = new LimitTimer(clock, limit, () => (over += 1), used)
  timer.start()
  return { clock, timer, overs: () => over }
}

describe('a limit', () => {
  it.each([10, 1000, 90_000, 2 * 86_400_000])('of %d ms is over exactly then, once', async (limit) => {
    const { clock, timer, overs } = started(limit)
    await clock.advance(limit - 1)
    expect([overs(), timer.used]).toEqual([0, limit - 1])
    await clock.advance(1)
    expect(overs()).toBe(1)
    await clock.advance(limit)
    expect([overs(), clock.pending]).toEqual([1, 0])
  })

  it('goes on from what was used of it before', async () => {
    const { clock, overs } = started(10_000, 7000)
    await clock.advance(2999)
    expect(overs()).toBe(0)
    await clock.advance(1)
    expect(overs()).toBe(1)
  })

  it('stands still while it is stopped, and counts from nothing when it is reset', async () => {
    const { clock, timer, overs } = started(10_000)
    await clock.advance(4200)
    timer.stop()
    await clock.advance(hour)
    expect(timer.used).toBe(4200)
    timer.start()
    await clock.advance(5700)
    expect([overs(), timer.used]).toEqual([0, 9900])
    timer.reset()
    await clock.advance(9999)
    expect(overs()).toBe(0)
    await clock.advance(1)
    expect(overs()).toBe(1)
  })

  it('is never ended by a sleep of the machine, whenever it falls, and then has what was left of it but one leg', async () => {
    for (let moment = 0; moment < 60_000; moment += 1700) {
      const { clock, timer, overs } = started(60_000)
      await clock.advance(moment)
      await clock.sleep(8 * hour)
      const claim = `slept at ${moment}`
      expect(overs(), claim).toBe(0)
      expect(timer.used, claim).toBeLessThanOrEqual(Math.min(60_000, moment + 3000))
      await clock.advance(60_000)
      expect(overs(), claim).toBe(1)
    }
  })

  it.each([
    ['forward', hour],
    ['back', -hour],
  ])('takes no notice of a clock that is set %s', async (_, jump) => {
    for (let moment = 0; moment < 60_000; moment += 1700) {
      const { clock, overs } = started(60_000)
      await clock.advance(moment)
      clock.jump(jump)
      await clock.advance(59_999 - moment)
      expect(overs(), `set at ${moment}`).toBe(0)
      // The last leg may be taken for one that was slept through, and then another is given.
      await clock.advance(1001)
      expect(overs(), `set at ${moment}`).toBe(1)
    }
  })

  it('is over although every leg of it ends late, as in a process that is blocked time and again', async () => {
    const { clock, overs } = started(20_000)
    for (let turn = 0; turn < 25; turn++) await clock.sleep(5000)
    expect(overs()).toBe(1)
  })
})
