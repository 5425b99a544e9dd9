import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** A terminal that somebody types at. */
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean }

/**
 * Reads a line at a terminal without showing what is typed; null at its end (Ctrl-D). Ctrl-C interrupts the program, as always.
 * Calls `ready` when nothing that is typed shows any more: before that the terminal itself would echo it.
 *
 * @throws the signal's reason.
 */
export async function readHiddenLine(
  input: InputStream,
  signal: AbortSignal,
  ready: () => void,
): Promise<string | null> {
  signal.throwIfAborted()
  // Readline edits the line as people are used to, and echoes it: to nobody.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output, terminal: true, historySize: 0 })
  ready()
  try {
    return await new Promise<string | null>((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(null))
      // With a terminal in raw mode Ctrl-C is a key like any other.
      lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  } finally {
    lines.close()
  }
}
