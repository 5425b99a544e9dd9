import type { Storage } from '../../import/storage.js'

/** What readers of a library see. Two of them are compared with deep equality. */
export interface LibraryDump {
  /** Every published record, in an order that does not depend on when it was written. */
  readonly records: unknown
  /** Every file of content, names and contents, those of unpublished imports included. */
  readonly files: unknown
}

/** What a suite needs of the storage under test. */
export interface StorageUnderTest {
  /** A storage on fresh data. */
  readonly storage: Storage
  /** Another storage on the same data, as a process opens it after the first one was killed. */
  reopen(): Promise<Storage>
  dump(): Promise<LibraryDump>
  /** Damages what is stored, behind the storage's back. */
  readonly tamper: {
    removeFile(sha256: string): Promise<void>
    /** Changes a byte; the size stays. */
    changeFile(sha256: string): Promise<void>
    /** Changes the text of the message with this guid. */
    changeMessage(guid: string): Promise<void>
    removeMessage(guid: string): Promise<void>
  }
  cleanUp(): Promise<void>
}

/** One claim of the suite: a sentence, and the test of it. `another` gives a second, independent storage. */
export interface StorageClaim {
  readonly name: string
  readonly test: (under: StorageUnderTest, another: () => Promise<StorageUnderTest>) => Promise<void>
}
