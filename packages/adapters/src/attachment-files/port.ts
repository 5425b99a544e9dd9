import type { ContentDigest } from '@holdfast/core/import'

/** Content that was received into a temporary file and hashed on the way; not yet under its final name, and not yet durable. */
export interface IncomingFile {
  /** Absolute path of the temporary file. */
  readonly path: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly bytes: number
}

/** A received file and the name that it shall have. */
export interface FileMove {
  readonly incoming: IncomingFile
  readonly name: string
}

/**
 * Port: a store of files named by their content. A name is what {@link nameFor} gives, `<first two hex>/<sha256><.ext>`;
 * any other is refused, so that nothing outside the folder is ever read, written or removed. Links inside the folder are not followed.
 *
 * One import at a time writes to it. A folder belongs to one library: whoever removes the last reference removes the file.
 * All methods throw HoldfastError `DISK_FULL`, `DESTINATION_UNWRITABLE` or `STORE_FAILED` for what the file system refuses.
 */
export interface AttachmentFiles {
  /** Absolute path of the folder, with `/` or `\` as the platform has it. It need not exist yet. */
  readonly folder: string

  /** Tries whether the folder, or where it would be made, can be written. Leaves nothing behind. */
  check(): Promise<void>

  /** The name for content with this hash; the extension comes from the name that users see, else from the MIME type. */
  nameFor(sha256: string, hints: { readonly name: string | null; readonly mimeType: string | null }): string

  /**
   * Streams content into a temporary file of the folder, hashing it. When it throws, the temporary file is gone.
   *
   * @throws what `content` throws and the signal's reason, both unchanged.
   */
  receive(content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<IncomingFile>

  /**
   * Gives received files their names, replacing what has them. When it resolves, contents and names survive a power cut;
   * when it throws, some may have been moved and the others are still to be dropped.
   */
  keep(moves: readonly FileMove[]): Promise<void>

  /** Removes received files that are not kept; those that were moved or removed already are ignored. */
  drop(incoming: readonly IncomingFile[]): Promise<void>

  /** Sizes in bytes, in the order of `names`; null where there is no regular file of that name. */
  sizes(names: readonly string[]): Promise<readonly (number | null)[]>

  /** Hashes a file as it is on disk now, streamed; null where there is no regular file of that name. */
  digest(name: string, signal: AbortSignal): Promise<ContentDigest | null>

  /** Removes files; absent ones are ignored. When it resolves, the removal survives a power cut. */
  remove(names: readonly string[]): Promise<void>

  /** Removes the temporary files that a crash left behind. Never called while content is received. */
  sweep(): Promise<void>
}
