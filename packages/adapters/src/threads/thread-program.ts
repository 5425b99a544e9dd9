import { Worker } from 'node:worker_threads'
import { serveJobs } from './serve-jobs.js'

/** Enough for what a job leaves behind. Left to itself a thread takes more before it looks whether anything can go, and is no quicker. */
const youngMegabytes = 2

/**
 * Starts a thread that serves jobs. `program` is its text: it has `serveJobs`, `require` and `port`, and everything else that it needs in
 * it, as the text of functions that name nothing outside themselves.
 *
 * As text, because a file beside this one would not be found once a host has bundled its app into one file, and would be another under
 * `dist` than among the sources. A compiler that keeps names wraps functions in `__name`. Where a host's build leaves no text of functions
 * (bytecode), the thread ends at once, and the work is done without it. Options of the host's process, such as loaders, are not for it.
 */
export function startThread(name: string, program: string): Worker {
  const whole = `
const __name = (value) => value
const serveJobs = ${serveJobs.toString()}
const port = require('node:worker_threads').parentPort
${program}`
  const resourceLimits = { maxYoungGenerationSizeMb: youngMegabytes }
  return new Worker(whole, { eval: true, execArgv: [], name, resourceLimits })
}
