import { systemCodeOf } from '@holdfast/core'

/**
 * What was written whole, and the file system could then not make durable. It says so once: whoever syncs later is told that all is well,
 * so nothing that is there can be gone on with.
 */
export class NotDurable extends Error {
  /** What the file system said, such as `EIO`. */
  readonly code: string

  constructor(cause: unknown) {
    super('A file that was written could not be made durable', { cause })
    this.code = systemCodeOf(cause) ?? 'EIO'
  }
}
