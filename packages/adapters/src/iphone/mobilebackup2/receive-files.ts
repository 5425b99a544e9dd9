import { isHoldfastError } from '@holdfast/core'
import type { Content } from '../backup-target/content.js'
import type { TargetFolder } from '../backup-target/target-folder.js'
import type { DeviceLink } from '../device-link/device-link.js'
import { receiveFiles as filesIn } from '../device-link/file-stream.js'
import type { Waiting } from '../wire/wire.js'
import { type Answer, done, refusedBy } from './answer.js'

/** What is told of files that come. */
export interface Receiving extends Waiting {
  readonly onBytes: (count: number) => void
  /** A file is there whole. */
  readonly onFile: (path: string, bytes: number) => void
  /** A file that could not be kept here. */
  readonly onLocalFailure: (error: unknown) => void
  /** A file that the phone could not send, with its words. */
  readonly onRemoteFailure: (words: string) => void
}

/**
 * Takes the files that a phone sends. Those that cannot be kept are passed over to the end of the stream, so that it stays in step; then the
 * phone is told. A file that the phone did not send whole is not kept: what there was of it before stays.
 */
export async function receiveFiles(
  link: DeviceLink,
  target: TargetFolder,
  { onBytes, onFile, onLocalFailure, onRemoteFailure, ...waiting }: Receiving,
): Promise<Answer> {
  let refused: Answer | null = null
  for await (const { path, read, problem } of filesIn(link.wire, waiting)) {
    try {
      onFile(path, await target.write(path, whole(read, problem, onBytes)))
    } catch (error) {
      if (error instanceof NotWhole) {
        onRemoteFailure(error.message)
        continue
      }
      if (isHoldfastError(error) || waiting.signal?.aborted === true) throw error
      // Kept for the end: the phone only learns a number.
      onLocalFailure(error)
      refused ??= refusedBy(error)
    }
  }
  return refused ?? done
}

/** A file that the phone gave up, in its words. */
class NotWhole extends Error {}

/** The content of a file, which fails at its end when the phone says that this was not all. */
function whole(read: Content, problem: () => string | null, onBytes: (count: number) => void): Content {
  return async (into) => {
    const count = await read(into)
    if (count > 0) onBytes(count)
    const words = count < into.length ? problem() : null
    if (words !== null) throw new NotWhole(words)
    return count
  }
}
