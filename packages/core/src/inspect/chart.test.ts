import { describe, expect, it } from 'vitest'
import { chartOf, defineSaga, step, toMermaid } from '../index.js'

describe('the chart of a saga', () => {
  const saga = defineSaga({
    name: 'two-steps',
    version: 1,
    steps: {
      'first-step': step({ run: () => null, compensate: () => {} }),
      second: step({ run: () => null, pivot: true }),
    },
  })

  it('has every state, and every way between two of them', () => {
    const chart = chartOf(saga.machine)
    expect(chart.states.map(({ name }) => name)).toEqual([
      'first-step',
      'second',
      'compensating',
      'retryable',
      'stuck',
      'done',
      'discarded',
    ])
    const way = (from: string, to: string) =>
      chart.transitions.find((edge) => edge.from === from && edge.to === to)?.events
    expect(chart.initial).toBe('first-step')
    expect(way('first-step', 'second')).toEqual(['succeeded'])
    expect(way('first-step', 'compensating')).toEqual(expect.arrayContaining(['failed', 'CANCEL', 'DISCARD']))
    expect(way('second', 'done')).toEqual(['succeeded'])
    expect(way('retryable', 'first-step')).toEqual(['RETRY'])
    expect(way('done', 'first-step')).toBeUndefined()
  })

  it('is drawn as Mermaid text with names that Mermaid takes', () => {
    const text = toMermaid(chartOf(saga.machine))
    expect(text).toContain('stateDiagram-v2\n  first_step : first-step\n  [*] --> first_step\n')
    expect(text).toContain('  discarded --> [*]\n')
  })
})
