import { readFileSync } from 'node:fs'

const POLL_MS = 200

/**
 * Ends this process when the `npm` that runs it has gone. npm starts a script through a shell, and a signal that is sent
 * to npm alone ends npm, or npm and the shell, but never reaches the script: it would go on behind the user's back.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined || process.platform === 'win32') return
  const shell = process.ppid
  const npm = parentOf(shell)
  const watch = setInterval(() => {
    const shellHasGone = process.ppid !== shell
    if (!shellHasGone && parentOf(shell) === npm) return
    clearInterval(watch)
    // When npm is asked to end it passes that on to the shell, so it is passed on to here; when it is killed it cannot.
    process.kill(process.pid, shellHasGone ? 'SIGTERM' : 'SIGKILL')
  }, POLL_MS)
  watch.unref()
}

/**
 * Only Linux tells this without another program; elsewhere undefined.
 * @param {number} pid
 */
function parentOf(pid) {
  try {
    // The name of the program, in parentheses, may hold anything; the state and the parent's id follow it.
    return /^.*\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
