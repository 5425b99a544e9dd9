import { isHoldfastError } from '@holdfast/core'
import { type PlistValue, plistDict } from '../../plist/plist-value.js'
import type { TargetFolder } from '../backup-target/target-folder.js'
import type { DeviceLink } from '../device-link/device-link.js'
import { endFiles, sendFile } from '../device-link/file-stream.js'
import { multiStatus, statusOfError } from '../device-link/link-status.js'
import type { Waiting } from '../wire/wire.js'
import { type Answer, done, wordsOf } from './answer.js'

/** How files are sent. */
export interface Sending extends Waiting {
  readonly onBytes: (count: number) => void
}

/**
 * Sends the files that a phone asked for: its own lists of the last backup. One that is missing or cannot be read is told as such, and
 * the others are sent. When the signal is aborted the stream is ended in order, and the reason thrown.
 */
export async function sendFiles(
  link: DeviceLink,
  target: TargetFolder,
  paths: readonly string[],
  { signal, silence, onBytes }: Sending,
): Promise<Answer> {
  // The signal is looked at between two pieces, and not while one is written: half of one would put the phone out of step.
  const waiting: Waiting = { silence }
  const failed = new Map<string, PlistValue>()
  for (const path of paths) {
    const failure = await sendFile(link.wire, path, watched(target.read(path), signal, onBytes), waiting)
    if (failure === null) continue
    if (signal?.aborted === true) break
    if (isHoldfastError(failure.error)) throw failure.error
    const code = statusOfError(failure.error)
    failed.set(path, plistDict({ DLFileErrorString: wordsOf(failure.error), DLFileErrorCode: code }))
  }
  await endFiles(link.wire, waiting)
  signal?.throwIfAborted()
  return failed.size === 0 ? done : { code: multiStatus, text: 'Multi status', payload: failed }
}

async function* watched(
  content: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer> {
  for await (const bytes of content) {
    signal?.throwIfAborted()
    yield bytes
    onBytes(bytes.length)
  }
}
