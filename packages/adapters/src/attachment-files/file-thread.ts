import type { Worker } from 'node:worker_threads'
import { startThread } from '../threads/thread-program.js'
import { blockingFiles } from './blocking-files.js'
import { groupsOfFileJobs } from './file-job-groups.js'
import { fileJobs } from './file-jobs.js'

const program = `
const fs = require('node:fs')
const { createHash } = require('node:crypto')
const files = (${blockingFiles.toString()})(fs)
const tools = { createHash, constants: fs.constants, user: process.getuid?.() ?? null }
const work = (${fileJobs.toString()})(files, tools)
serveJobs(port, (${groupsOfFileJobs.toString()})(work))
`

/** Starts a thread that does groups of file jobs. */
export function startFileThread(): Worker {
  return startThread('holdfast-files', program)
}
