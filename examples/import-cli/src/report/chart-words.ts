import { type AnySaga, chartOf } from '@holdfast/core'
import { fields } from '../terminal/table.js'

/** A saga's statechart as text, read out of its machine: each state, and where which events lead. */
export function chartWords({ definition, machine }: AnySaga): readonly string[] {
  const chart = chartOf(machine)
  const rows = chart.states.map(({ name, isFinal }): readonly [string, readonly string[]] => {
    const ways = chart.transitions
      .filter(({ from }) => from === name)
      .map(({ to, events }) => `→ ${to}: ${events.join(', ')}`)
    return [name, isFinal || ways.length === 0 ? ['final'] : ways]
  })
  return [
    `Saga ${definition.name}, version ${definition.version}; begins in ${chart.initial}`,
    ...fields(rows).map((line) => `  ${line}`),
  ]
}
