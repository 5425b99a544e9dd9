import type { AnyStateMachine } from 'xstate'

/** The chart of a machine, for drawing it: plain JSON. */
export interface Chart {
  readonly name: string
  readonly initial: string
  readonly states: readonly { readonly name: string; readonly isFinal: boolean }[]
  /** One for each pair of states, with all the events that lead from one to the other. */
  readonly transitions: readonly {
    readonly from: string
    readonly to: string
    readonly events: readonly string[]
  }[]
}

/** Reads the chart out of a machine with flat states, such as every saga's. */
export function chartOf(machine: AnyStateMachine): Chart {
  const transitions = new Map<string, { from: string; to: string; events: string[] }>()
  const states = Object.values(machine.states)
  for (const state of states) {
    for (const transition of [...state.transitions.values()].flat()) {
      for (const target of transition.target ?? []) {
        const id = `${state.key} ${target.key}`
        const known = transitions.get(id) ?? { from: state.key, to: target.key, events: [] }
        const event = transition.description ?? eventName(String(transition.eventType))
        if (!known.events.includes(event)) known.events.push(event)
        transitions.set(id, known)
      }
    }
  }
  return {
    name: machine.id,
    initial: states.find((state) => machine.root.initial.target.includes(state))?.key ?? '',
    states: states.map((state) => ({ name: state.key, isFinal: state.type === 'final' })),
    transitions: [...transitions.values()],
  }
}

/** The chart as Mermaid text, which GitHub and many editors draw. */
export function toMermaid(chart: Chart): string {
  const id = (name: string): string => name.replaceAll('-', '_')
  const lines = ['stateDiagram-v2']
  for (const { name } of chart.states) if (id(name) !== name) lines.push(`  ${id(name)} : ${name}`)
  lines.push(`  [*] --> ${id(chart.initial)}`)
  for (const { from, to, events } of chart.transitions)
    lines.push(`  ${id(from)} --> ${id(to)} : ${events.join(', ')}`)
  for (const { name, isFinal } of chart.states) if (isFinal) lines.push(`  ${id(name)} --> [*]`)
  return `${lines.join('\n')}\n`
}

/** XState's own event names in the words of a chart; a host's events as they are. */
function eventName(type: string): string {
  if (type.startsWith('xstate.done.actor.')) return 'succeeded'
  if (type.startsWith('xstate.error.actor.')) return 'failed'
  return type
}
