import type { AttachmentRecord, WriteOptions } from '@holdfast/core/import'
import type { AttachmentFiles, IncomingFile } from '../../attachment-files/index.js'

/** Contents that are written at a time: the reader has a thread for each processor, and each shall have its next one waiting. */
const writtenAtOnce = 8

/**
 * Receives the content of attachments: the backup's own files where it has them, each once, whoever shares it; the other contents are
 * written by the reader, several at a time, or streamed where it writes none. What was received is added to `all` at once, so that it can
 * be dropped whatever happens.
 */
export async function receiveAll(
  files: AttachmentFiles,
  records: readonly AttachmentRecord[],
  source: WriteOptions,
  all: IncomingFile[],
): Promise<ReadonlyMap<AttachmentRecord, IncomingFile>> {
  const received = await takeFiles(files, records, source, all)
  const { content, copyContent, signal } = source
  const waiting = records.filter((record) => !received.has(record)).values()
  // Also for a file that could not be taken in: its reader says what is wrong with it.
  const receive = async (record: AttachmentRecord): Promise<IncomingFile> =>
    copyContent === undefined || files.receiveWritten === undefined
      ? files.receive(content(record, signal), signal)
      : files.receiveWritten((path) => copyContent(record, path, signal), signal)
  const failures: unknown[] = []
  const work = async (): Promise<void> => {
    for (const record of waiting) {
      try {
        signal.throwIfAborted()
        const file = await receive(record)
        all.push(file)
        received.set(record, file)
      } catch (thrown) {
        failures.push(thrown)
      }
      if (failures.length > 0) return
    }
  }
  // Streams of a backup are read one at a time.
  const atOnce = copyContent === undefined || files.receiveWritten === undefined ? 1 : writtenAtOnce
  await Promise.all(Array.from({ length: atOnce }, work))
  if (failures.length > 0) throw failures[0]
  return received
}

/** Takes in the files of the backup that hold contents. */
async function takeFiles(
  files: AttachmentFiles,
  records: readonly AttachmentRecord[],
  { contentFile, backup, signal }: WriteOptions,
  all: IncomingFile[],
): Promise<Map<AttachmentRecord, IncomingFile>> {
  const received = new Map<AttachmentRecord, IncomingFile>()
  if (contentFile === undefined) return received
  const found = await Promise.all(records.map(async (record) => contentFile(record, signal)))
  const pathOf = new Map<AttachmentRecord, string>()
  for (const [index, record] of records.entries()) {
    const path = found[index] ?? null
    if (path !== null) pathOf.set(record, path)
  }
  const paths = [...new Set(pathOf.values())]
  if (paths.length === 0) return received
  const taken = await files.receiveFiles(paths, { mayLink: backup === 'goes', signal })
  for (const file of taken) if (file !== null) all.push(file)
  const byPath = new Map(paths.map((path, index) => [path, taken[index] ?? null]))
  for (const [record, path] of pathOf) {
    const file = byPath.get(path) ?? null
    if (file !== null) received.set(record, file)
  }
  return received
}
