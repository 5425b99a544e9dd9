import type { KeyVault } from '@holdfast/adapters/ios-backup'
import type { AskRequest, Run } from '@holdfast/core'
import { cliError } from '../cli-error.js'
import type { Terminal } from '../terminal/terminal.js'
import { type InputStream, readHiddenLine } from './hidden-line.js'

/** Kinds of questions that are answered on the phone. */
const onPhone: ReadonlySet<string> = new Set(['trust', 'unlock', 'passcode'])

/** Where this program has the password of an encrypted backup from. */
export interface PasswordSource {
  /** Answers a question for it; null when there is no answer, or none better than the one before. */
  readonly ask: (request: AskRequest) => Promise<string | null>
  /** The keys that passwords gave, in the memory of this process, so that nobody is asked twice. */
  readonly vault: KeyVault
}

/** What a source of passwords needs. */
export interface PasswordOptions {
  /** Name of the environment variable that holds it. */
  readonly variable: string | undefined
  readonly terminal: Terminal
  readonly input: InputStream
  readonly signal: AbortSignal
}

/**
 * The password from the environment variable that was named, or else from whoever sits at the terminal.
 *
 * @throws HoldfastError `USAGE` when the variable is not set.
 */
export function passwordSource({ variable, terminal, input, signal }: PasswordOptions): PasswordSource {
  const given = variable === undefined ? null : (process.env[variable] ?? '')
  if (given === '') {
    throw cliError(
      'USAGE',
      `The environment variable ${variable} is not set`,
      'Give --password-env the name of a variable that holds the password, never the password itself.',
    )
  }
  const keys = new Map<string, Uint8Array>()
  let answered = false
  return {
    ask: async ({ message }) => {
      if (given === null) {
        if (input.isTTY !== true) return null
        return readHiddenLine(input, signal, () => terminal.tell(`${message} (What you type is not shown.)`))
      }
      if (answered) return null
      answered = true
      return given
    },
    vault: {
      get: (name) => keys.get(name),
      set: (name, key) => void keys.set(name, key),
      delete: (name) => void keys.delete(name),
    },
  }
}

/**
 * Answers what a run asks for; returns what ends that. What has to be done on the phone is told with `tell`: the phone itself then knows
 * that it was done.
 */
export function answerQuestions(run: Run, { ask }: PasswordSource, tell: (line: string) => void): () => void {
  const answer = ({ ask: question }: { readonly ask: AskRequest }): void => {
    if (onPhone.has(question.kind)) return tell(question.message)
    void ask(question)
      // A run that was cancelled meanwhile asks for nothing any more.
      .then((password) => run.provide(question.kind, password))
      .catch(() => {})
  }
  run.events.on('run.asked', answer)
  return () => run.events.off('run.asked', answer)
}
