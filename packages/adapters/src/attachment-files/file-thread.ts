import type { Worker } from 'node:worker_threads'
import { startThread } from '../threads/thread-program.js'
import { blockingFiles } from './blocking-files.js'
import { groupsOfFileJobs, isNaming } from './file-job-groups.js'
import { fileJobs, jobSystem } from './file-jobs.js'
import { namingJobs } from './naming-jobs.js'

const program = `
const fs = require('node:fs')
const { createHash } = require('node:crypto')
const files = (${blockingFiles.toString()})(fs)
const tools = { createHash, constants: fs.constants, ...(${jobSystem.toString()})() }
const work = (${fileJobs.toString()})(files, tools)
const naming = (${namingJobs.toString()})(files)
serveJobs(port, (${groupsOfFileJobs.toString()})(work, naming, ${isNaming.toString()}))
`

/** Starts a thread that does groups of file jobs. */
export function startFileThread(): Worker {
  return startThread('holdfast-files', program)
}
