import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * Runs a program of this folder in another process with the words, and ends it by SIGKILL as soon as it prints a line:
 * what it had in its journal by then is what a crash leaves. Gives the line. Throws when it ends by itself.
 */
export async function killedAfterFirstLine(program: string, ...words: string[]): Promise<string> {
  const script = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, script, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let line = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    line += text
    if (line.includes('\n')) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'close')
  if (signal !== 'SIGKILL') throw new Error(`${program} ended by itself`)
  return line.trim()
}
