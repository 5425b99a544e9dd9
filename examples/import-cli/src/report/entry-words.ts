import type { Entry, EntryBody } from '@holdfast/core'

const longest = 160

/** A journal entry as a line: its number, when it was written after the run began, and what it says. */
export function entryWords({ seq, at, body }: Entry, startedAt: number): string {
  const after = `+${((at - startedAt) / 1000).toFixed(3)} s`
  return `${String(seq).padStart(4)}  ${after.padStart(12)}  ${body.type.padEnd(17)} ${detailOf(body)}`.trimEnd()
}

function detailOf(body: EntryBody): string {
  switch (body.type) {
    case 'run.started':
      return brief(body.input)
    case 'step.succeeded':
      return `${body.step} ${brief(body.output)}`
    case 'step.failed':
    case 'undo.failed':
      return `${body.step} ${body.error.code}: ${body.error.message}`
    case 'step.checkpoint':
      return `${body.step} ${brief(body.value)}`
    case 'undo.succeeded':
      return body.step
    case 'timer.fired':
      return body.timer
    case 'run.asked':
      return `${body.ask.kind}: ${body.ask.message}`
    case 'run.answered':
      return body.kind
    case 'discard.requested':
      return brief(body.options)
    case 'hook.succeeded':
      return body.hook
    case 'hook.failed':
      return `${body.hook} ${body.error.code}: ${body.error.message}`
    default:
      return ''
  }
}

/** JSON cut where it is no longer of use to a reader. */
function brief(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`
}
