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

  it('tells bytes as sizes, and what is done with them', () => {
    const progress = { done: 1_500_000, total: 3e9, unit: 'bytes', label: 'receiving (12 files)' }
    const receiving = { ...atWork, name: 'extract', progress, pace: { rate: 2.5e6, left: 1_200_000 } }
    expect(progressLine(receiving, 120, plain)).toContain(
      '1.5 MB / 3.0 GB  receiving (12 files)  2.5 MB/s  20 min 00 s left',
    )
    const waiting = { ...progress, done: 0, total: null, label: 'waiting-for-passcode' }
    expect(progressLine({ ...receiving, progress: waiting }, 120, plain)).toContain(
      '0 bytes  waiting-for-passcode',
    )
  })

  it('is a sentence with a percentage in a log', () => {
    expect(progressSentence(atWork)).toBe('store:  5,000 / 20,000 items (25 %), 2,500/s, 6.0 s left')
  })
})
