import type { ContentDigest } from '@holdfast/core/import'
import type { Way } from './file-jobs.js'

/** Content that was received into a temporary file and hashed on the way; not yet under its final name, and not yet durable. */
export interface IncomingFile {
  /** Absolute path of the temporary file. */
  readonly path: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly bytes: number
  /** How it came in. A `link` is the source's own file by another name: it changes with it. */
  readonly way: Way
}

/** Writes content into a new file; resolves with what it wrote. What the file system refuses of the path is thrown unchanged. */
export type WriteFile = (path: string, signal: AbortSignal) => Promise<ContentDigest>

/** A received file and the name that it shall have. */
export interface FileMove {
  readonly incoming: IncomingFile
  readonly name: string
}

/** A file that shall be hashed. */
export interface DigestRequest {
  readonly name: string
  /** Path of a file that may be the very same one by another name; null when nobody asks. */
  readonly twin: string | null
}

/** What a file held when it was hashed. */
export interface FileDigest extends ContentDigest {
  /** Whether the twin was the same file. */
  readonly isTwin: boolean
}

/** What the file system says of a file that may be a link. */
export interface LinkStatus {
  /** Whether the file has another name. */
  readonly isShared: boolean
  /** When the file, its names included, was changed last: microseconds since 1970, by the clock of the file system. */
  readonly changedAt: number
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
   * Has content written into a temporary file of the folder by `write`, which is given its path and makes it: where nothing is, for this
   * user alone. When it throws, the temporary file is gone. Absent where the files are on a file system that only the folder knows.
   *
   * @throws what `write` throws, told as what it means here where the file system has refused something; the signal's reason.
   */
  receiveWritten?(write: WriteFile, signal: AbortSignal): Promise<IncomingFile>

  /**
   * Takes files of a backup in, hashing each: as a clone where the file system can make one, else as a hard link where `mayLink` says
   * that the backup will go, else as a copy. Results are in the order of `paths`; null where there is no regular file, or one that
   * cannot be read. Links are not followed. When it throws, none of the temporary files is left.
   *
   * @throws the signal's reason, unchanged.
   */
  receiveFiles(
    paths: readonly string[],
    options: { readonly mayLink: boolean; readonly signal: AbortSignal },
  ): Promise<readonly (IncomingFile | null)[]>

  /**
   * Whether {@link receiveFiles} would clone or link files of its own volume rather than copy them: tried with a small one, of which
   * nothing is left. False where it cannot be tried.
   */
  sharesFiles(options: { readonly mayLink: boolean }): Promise<boolean>

  /**
   * Gives received files their names, replacing what has them. When it resolves, contents and names survive a power cut;
   * when it throws, some may have been moved and the others are still to be dropped.
   */
  keep(moves: readonly FileMove[]): Promise<void>

  /** Removes received files that are not kept; those that were moved or removed already are ignored. */
  drop(incoming: readonly IncomingFile[]): Promise<void>

  /** Sizes in bytes, in the order of `names`; null where there is no regular file of that name. */
  sizes(names: readonly string[]): Promise<readonly (number | null)[]>

  /**
   * Hashes files as they are on disk now, in bounded memory and on all processors; results are in the order of the requests, null where
   * there is no regular file of that name.
   *
   * @throws the signal's reason, unchanged.
   */
  digests(requests: readonly DigestRequest[], signal: AbortSignal): Promise<readonly (FileDigest | null)[]>

  /** What the file system says of files that may be links, in the order of `names`; null where there is no regular file. */
  links(names: readonly string[]): Promise<readonly (LinkStatus | null)[]>

  /**
   * Makes files the folder's alone: one that has a name elsewhere is replaced by a clone or a copy of itself, and each is for this user
   * alone. Absent ones are ignored. When it resolves, this survives a power cut; when it throws, some may be done.
   *
   * @throws the signal's reason, unchanged.
   */
  endLinks(names: readonly string[], signal: AbortSignal): Promise<void>

  /** Removes files; absent ones are ignored. When it resolves, the removal survives a power cut. */
  remove(names: readonly string[]): Promise<void>

  /** Names of all files of the folder, others than {@link nameFor} gives included; temporary ones are not told. Links are not followed. */
  list(signal: AbortSignal): AsyncIterable<string>

  /** Removes the temporary files that a crash left behind. Never called while content is received. */
  sweep(): Promise<void>
}
