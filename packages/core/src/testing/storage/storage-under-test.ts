import type { Storage } from '../../import/storage.js'

/** What readers of a library see. Two of them are compared with deep equality. */
export interface LibraryDump {
  /** Every published record, in an order that does not depend on when it was written. */
  readonly records: unknown
  /** Every file of content, names and contents, those of unpublished imports included. */
  readonly files: unknown
}

/**
 * What a storage may lack, each with claims of its own that are left out then. `own-rows`: rows of the host's own among those that
 * readers see. `origin`: rows that say which import brought them. `unchanged`, `space`, `links`: the optional powers of the port.
 */
export const storagePowers = ['own-rows', 'origin', 'unchanged', 'space', 'links'] as const

/** One of {@link storagePowers}. */
export type StoragePower = (typeof storagePowers)[number]

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
    /** Changes something in the receipt of import `id`, and not its seal. */
    changeReceipt(id: string): Promise<void>
    /** Puts a file among the contents that belongs to nothing. */
    addFile(): Promise<void>
    /**
     * Adds a message with the guid `guid`, a copy of message `like`, as if import `id` had brought it. Null where no row says which
     * import brought it: the storage lacks `origin`.
     */
    readonly addMessage: ((guid: string, like: string, id: string) => Promise<void>) | null
    /** Makes the message with this guid one of import `id`. Null where the storage lacks `origin`. */
    readonly moveMessage: ((guid: string, id: string) => Promise<void>) | null
  }
  /**
   * Writes a message of owner `o` into the tables that readers see, as the host itself does, with what a host may hold of it: nothing
   * but its guid and its text. Null for a library that holds nothing but imports: it lacks `own-rows`.
   */
  readonly addOwnMessage: ((guid: string, text: string) => Promise<void>) | null
  cleanUp(): Promise<void>
}

/** One claim of the suite: a sentence, and the test of it. `another` gives a second, independent storage. */
export interface StorageClaim {
  readonly name: string
  /** What a storage must have for the claim to say anything. */
  readonly needs?: StoragePower
  readonly test: (under: StorageUnderTest, another: () => Promise<StorageUnderTest>) => Promise<void>
}

/** Whether a storage has what some lack, as it stands there. */
export function hasPower({ storage, tamper, addOwnMessage }: StorageUnderTest, power: StoragePower): boolean {
  switch (power) {
    case 'own-rows':
      return addOwnMessage !== null
    case 'origin':
      return tamper.addMessage !== null && tamper.moveMessage !== null
    case 'unchanged':
      return storage.findUnchanged !== undefined
    case 'space':
    case 'links':
      return storage[power] !== undefined
  }
}
