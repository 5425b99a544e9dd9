import type { Worker } from 'node:worker_threads'
import { startThread } from '../../threads/thread-program.js'
import { openFileCipher } from '../encryption/file-cipher.js'
import { blobJobs, memoryOfBlob } from './blob-jobs.js'

const program = `
const tools = { fs: require('node:fs'), crypto: require('node:crypto'), openCipher: ${openFileCipher.toString()} }
serveJobs(port, (${blobJobs.toString()})(tools), ${memoryOfBlob.toString()})
`

/** Starts a thread that reads files of a backup. */
export function startBlobThread(): Worker {
  return startThread('holdfast-blobs', program)
}
