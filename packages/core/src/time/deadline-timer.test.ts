import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.js'
import { atDeadline, DeadlineTimer } from './deadline-timer.js'

const year = 365 * 86_400_000

function armed(delay: number, longest?: number) {
  const clock = new VirtualClock()
  const fired: number[] = []
  const timer = new DeadlineTimer(clock, clock.now() + delay, () => fired.push(clock.now()), longest)
  return { clock, fired, timer }
}

describe('a timer to a deadline', () => {
  it.each([
    ['a second', 1000],
    ['an hour and a bit', 3_600_001],
    ['thirty days, beyond what a timeout can take', 30 * 86_400_000],
  ])('of %s fires at it, once', async (_, delay) => {
    const { clock, fired } = armed(delay)
    const due = clock.now() + delay
    await clock.advance(delay - 1)
    expect(fired).toEqual([])
    await clock.advance(1)
    expect(fired).toEqual([due])
    await clock.advance(delay)
    expect(fired).toEqual([due])
    expect(clock.pending).toBe(0)
  })

  it('waits no longer than it was to wait when the clock is set back by a year, at whatever moment', async () => {
    for (const moment of [0, 1, 59_999, 60_000, 150_000, 299_999]) {
      const { clock, fired } = armed(300_000)
      await clock.advance(moment)
      clock.jump(-year)
      await clock.advance(300_000 - moment - 1)
      expect(fired, `set back at ${moment}`).toEqual([])
      await clock.advance(1)
      expect(fired, `set back at ${moment}`).toHaveLength(1)
    }
  })

  it('made after the clock was set back waits at most as long as it is told', async () => {
    const { clock, fired } = armed(year, 5000)
    await clock.advance(4999)
    expect(fired).toEqual([])
    await clock.advance(1)
    expect(fired).toHaveLength(1)
  })

  it('fires within a minute of a clock that was set forward past it', async () => {
    const { clock, fired } = armed(3_600_000)
    await clock.advance(10_000)
    clock.jump(year)
    await clock.advance(50_000)
    expect(fired).toHaveLength(1)
  })

  it('fires at the moment of waking when the machine slept past it', async () => {
    const { clock, fired } = armed(3_600_000)
    await clock.sleep(7_200_000)
    expect(fired).toEqual([clock.now()])
  })

  it('that is told to look fires at once when it is due, and otherwise waits on as long as it had to', async () => {
    const { clock, fired, timer } = armed(100_000)
    await clock.advance(30_000)
    timer.look()
    clock.jump(-year)
    timer.look()
    await clock.advance(69_999)
    expect(fired).toEqual([])
    await clock.advance(1)
    expect(fired).toHaveLength(1)
    timer.look()
    expect(clock.pending).toBe(0)
    const late = armed(3_600_000)
    late.clock.jump(3_600_000)
    late.timer.look()
    await late.clock.advance(0)
    expect(late.fired).toHaveLength(1)
  })

  it('that was stopped never fires', async () => {
    const clock = new VirtualClock()
    let fired = 0
    const stop = atDeadline(clock, clock.now() + 100_000, () => (fired += 1))
    await clock.advance(70_000)
    stop()
    await clock.advance(100_000)
    expect([fired, clock.pending]).toEqual([0, 0])
  })
})
