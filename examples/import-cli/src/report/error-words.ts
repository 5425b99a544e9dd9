import type { ErrorReport } from '@holdfast/core'
import type { Colors } from '../terminal/terminal.js'

/** An error for people: what is wrong, its code, and what to do. */
export function errorWords(
  { message, code, hint }: Pick<ErrorReport, 'message' | 'code' | 'hint'>,
  colors: Colors,
): readonly string[] {
  return [
    `${colors.red('✗')} ${sentence(message)} ${colors.dim(`(${code})`)}`,
    ...(hint === null ? [] : [`  ${hint}`]),
  ]
}

/** With a full stop, unless it ends with one. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
