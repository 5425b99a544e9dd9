import picocolors from 'picocolors'
import { describe, expect, it } from 'vitest'
import { progressLine, progressSentence, type StepAtWork } from './progress-line.js'

const plain = picocolors.createColors(false)
const atWork: StepAtWork = {
  name: 'store',
  progress: { done: 5000, total: 20_000, unit: 'items' },
  pace: { rate: 2500, left: 6000 },
  elapsed: 2000,
}

describe('the line of a step at work', () => {
  it('has a bar, counts, rate and time left', () => {
    const line = progressLine(atWork, 100, plain)
    expect(line).toContain('5,000 / 20,000 items  2,500/s  6.0 s left')
    expect(line.match(/━/g)).toHaveLength(7)
    expect(line.match(/─/g)).toHaveLength(21)
  })

  it('fits into narrow terminals, without a bar where there is no room for one', () => {
    for (const columns of [60, 70, 80, 200]) {
      expect(progressLine(atWork, columns, plain).length).toBeLessThan(columns)
    }
    expect(progressLine(atWork, 60, plain)).not.toContain('━')
  })

  it('is as long at the beginning as in the end, so that nothing jumps', () => {
    const at = (done: number) => ({ ...atWork, progress: { done, total: 20_000, unit: 'items' } })
    expect(progressLine(at(1), 100, plain)).toHaveLength(progressLine(at(19_999), 100, plain).length)
  })

  it('only counts where the total is unknown, and only waits where nothing was told', () => {
    const counting = { ...atWork, progress: { done: 12, total: null, unit: 'files' } }
    expect(progressLine(counting, 100, plain)).toContain('12 files  2,500/s')
    expect(progressLine(counting, 100, plain)).not.toContain('━')
    expect(progressLine({ ...atWork, progress: null }, 100, plain)).toContain('working for 2.0 s')
  })

  it('is a sentence with a percentage in a log', () => {
    expect(progressSentence(atWork)).toBe('store:  5,000 / 20,000 items (25 %), 2,500/s, 6.0 s left')
  })
})
