/** Nobody presses Ctrl-C twice so quickly. */
const SAME_KEYSTROKE_MS = 100

/**
 * Makes one Ctrl-C one SIGINT. The terminal sends it to every process in the foreground, and npm, having got its own,
 * sends it on: where the shell between them steps aside, as macOS's does, the script gets both. Must be called before
 * anything listens to SIGINT, since Node binds `process.emit` when the first listener is added.
 */
export function mergeInterrupts() {
  const emit = process.emit
  let last = -Infinity
  /** @type {(this: NodeJS.Process, event: string, ...args: unknown[]) => boolean} */
  const merged = function (event, ...args) {
    if (event === 'SIGINT') {
      const now = performance.now()
      const again = now - last < SAME_KEYSTROKE_MS
      last = now
      if (again) return true
    }
    return Reflect.apply(emit, this, [event, ...args])
  }
  Object.assign(process, { emit: merged })
}
