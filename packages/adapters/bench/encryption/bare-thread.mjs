// What decryption and hashing of files allow: one thread that reads each file, decrypts, hashes and writes it, synchronously and with
// node:crypto and node:fs alone. With any key, because the time does not depend on it. Started by bare-loop.ts.
import { createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

/** @type {{ readonly sources: readonly string[], readonly target: string, readonly name: string }} */
const { sources, target: folder, name } = workerData
const key = randomBytes(32)
const iv = Buffer.alloc(16)
// Pieces above 128 KiB would get memory from the system each time, which is slower.
const pieceBytes = 64 * 1024

parentPort?.once('message', () => {
  let bytes = 0
  for (const [index, source] of sources.entries()) {
    const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
    const hash = createHash('sha256')
    const ciphertext = readFileSync(source)
    const target = openSync(join(folder, `${name}-${index}`), 'wx', 0o600)
    for (let at = 0; at < ciphertext.length; at += pieceBytes) {
      const piece = decipher.update(ciphertext.subarray(at, at + pieceBytes))
      hash.update(piece)
      writeSync(target, piece)
    }
    hash.digest()
    closeSync(target)
    bytes += ciphertext.length
  }
  parentPort?.postMessage(bytes, [])
})
parentPort?.postMessage('ready', [])
