/**
 * A process that lets a backup go, and ends itself by SIGKILL before its nth change of the disk. Given as JSON; prints how many
 * changes it made when it comes through.
 */
import type { Receipt } from '@holdfast/core/import'
import { type FileOperations, nodeFiles } from '../../src/backup-folder/file-operations.js'
import { releaseFolder } from '../../src/backup-folder/release-folder.js'

// The parent wrote it.
const { path, receipt, killAt } = JSON.parse(process.argv[2] ?? '') as {
  readonly path: string
  readonly receipt: Receipt
  readonly killAt: number
}
let changes = 0
const counted =
  <Parameters extends unknown[]>(change: (...parameters: Parameters) => Promise<void>) =>
  async (...parameters: Parameters): Promise<void> => {
    changes += 1
    if (changes === killAt) process.kill(process.pid, 'SIGKILL')
    await change(...parameters)
  }
const files: FileOperations = {
  ...nodeFiles,
  unlink: counted(nodeFiles.unlink),
  rmdir: counted(nodeFiles.rmdir),
  rename: counted(nodeFiles.rename),
}
const { signal } = new AbortController()
await releaseFolder(path, receipt, { signal, files, holder: { run: 'run', into: [] } })
process.stdout.write(String(changes))
