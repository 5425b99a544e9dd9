import type { AttachmentRecord, WriteOptions } from '@holdfast/core/import'
import type { AttachmentFiles, IncomingFile } from '../../attachment-files/index.js'

/**
 * Receives the content of attachments: the backup's own files where it has them, each once, whoever shares it; the other contents are
 * streamed. What was received is added to `all` at once, so that it can be dropped whatever happens.
 */
export async function receiveAll(
  files: AttachmentFiles,
  records: readonly AttachmentRecord[],
  { content, contentFile, backup, signal }: WriteOptions,
  all: IncomingFile[],
): Promise<ReadonlyMap<AttachmentRecord, IncomingFile>> {
  const pathOf = new Map<AttachmentRecord, string>()
  if (contentFile !== undefined) {
    for (const record of records) {
      const path = await contentFile(record, signal)
      if (path !== null) pathOf.set(record, path)
    }
  }
  const paths = [...new Set(pathOf.values())]
  const taken = await files.receiveFiles(paths, { mayLink: backup === 'goes', signal })
  for (const file of taken) if (file !== null) all.push(file)
  const byPath = new Map(paths.map((path, index) => [path, taken[index] ?? null]))

  const received = new Map<AttachmentRecord, IncomingFile>()
  for (const record of records) {
    const path = pathOf.get(record)
    let file = path === undefined ? null : (byPath.get(path) ?? null)
    if (file === null) {
      signal.throwIfAborted()
      // Also for a file that could not be taken in: its reader says what is wrong with it.
      file = await files.receive(content(record, signal), signal)
      all.push(file)
    }
    received.set(record, file)
  }
  return received
}
